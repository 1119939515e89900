/** The real app, which then dials its parent. */
import "./app-itself.mjs";
import "./echo-runner.mjs";
