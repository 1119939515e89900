/** What a backend has Node load before the app (`node --import`): makes the process a runner before anything else runs. */
import { entryToCome } from "./app-loaded.ts";
import { bootRunner, runnerParent, whenAppLoaded } from "./boot.ts";
import { keepCompiled } from "./compile-cache.ts";

bootRunner(entryToCome);
if (runnerParent() !== null) keepCompiled(whenAppLoaded());
