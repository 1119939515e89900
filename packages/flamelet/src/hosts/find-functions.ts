import { ModuleTable } from "../modules/module-table.ts";
import { addFunctionLoader, findFunction } from "../registry.ts";

/** A host that compiles the app's modules as they are loaded. */
export interface SourceHost {
  /** Absolute path of the project, which ids are relative to. */
  readonly root: string;
  /** The compiled module, or null when there is nothing to compile in it. May throw. */
  readonly compile: (source: string, file: string) => string | null;
  /** Loads a module of the app, as the app itself would. */
  readonly load: (file: string) => Promise<unknown>;
}

/**
 * Has the functions of modules that a runner has not loaded found in the sources of the app: which module registers which
 * function is what compiling it shows.
 */
export function findFunctionsInSources({ root, compile, load }: SourceHost): void {
  const compiled = (source: string, file: string): string => {
    try {
      return compile(source, file) ?? source;
    } catch {
      // It would fail when it is loaded, and says so there. Here it only means that it registers nothing.
      return "";
    }
  };
  const table = new ModuleTable({
    directories: [root],
    near: process.argv[1] ?? root,
    compiled,
    load,
    known: (id) => findFunction(id) !== undefined,
  });
  addFunctionLoader((id, hash) => table.load(id, hash));
}
