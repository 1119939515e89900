import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { ModuleTable } from "../modules/module-table.ts";
import { projectRoot } from "../modules/project-root.ts";
import { addFunctionLoader, findFunction } from "../registry.ts";

/**
 * Has functions looked for in the files of the app: those of a bundle, whose chunks show what they register, and named
 * functions. A host that compiles modules as they are loaded has a table of its own, which is asked first.
 */
export function findFunctionsInFiles(): void {
  const entry = entryFile();
  if (entry === null) return;
  const directory = dirname(entry);
  const table = new ModuleTable({
    // Bundles may be in a directory that is passed over otherwise, such as `.output`.
    directories: [directory, projectRoot(directory)],
    near: entry,
    load: (file) => import(pathToFileURL(file).href),
    known: (id) => findFunction(id) !== undefined,
  });
  addFunctionLoader((id, hash) => table.load(id, hash));
}

function entryFile(): string | null {
  try {
    return process.argv[1] === undefined ? null : realpathSync(process.argv[1]);
  } catch {
    return null;
  }
}
