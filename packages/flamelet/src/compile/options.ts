import type { OriginalOf } from "./original.ts";
import type { Resolve } from "./resolve.ts";

/** Where a module is. */
export interface CompileOptions {
  /** Absolute path of the module. Its extension says whether it is TypeScript, and whether it has JSX. */
  readonly file: string;
  /** Absolute path of the project: ids and messages are relative to it. */
  readonly root: string;
  /** The package whose `flame` is meant. Default: `"flamelet"`. */
  readonly packageName?: string;
  /** Given when the source was itself generated: the map of the result, and all places, are then those of its original. */
  readonly originalOf?: OriginalOf | undefined;
  /**
   * Finds the modules of the app that a module imports, so that `flame` is found where they hand it on. Default: relative
   * specifiers, looked up on disk. Give it where others (aliases, `#imports`) may lead to such a module too.
   */
  readonly resolve?: Resolve | undefined;
}
