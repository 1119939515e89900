/** The real app, whose copies can be flamelet's runners. */
import "./app-itself.mjs";
import "./flamelet-runner.mjs";
