import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** What holds no code that people write. */
const IGNORED = new Set(["node_modules", "dist", "build", "out", "output", "coverage", "vendor"]);

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
const DECLARATIONS = /\.d\.[cm]?ts$/;

/**
 * The modules at a path, in order: the file itself, or all in the folder, without those of packages, of build outputs and
 * of folders whose name begins with a dot. Throws when there is nothing at the path.
 */
export function modulesAt(path: string): string[] {
  return statSync(path).isDirectory() ? [...modulesIn(path)] : [path];
}

function* modulesIn(folder: string): Generator<string> {
  const entries = readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      if (!entry.name.startsWith(".") && !IGNORED.has(entry.name)) yield* modulesIn(path);
    } else if (entry.isFile() && CODE.test(entry.name) && !DECLARATIONS.test(entry.name)) yield path;
  }
}
