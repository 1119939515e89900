// Whole, since its promises are loaded when somebody first asks for them.
import * as fs from "node:fs";
import { join } from "node:path";

/** What can be a module of JavaScript or TypeScript. */
const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;
/** Declarations hold no code; tests are not part of the app, and to load one would run it. */
const NO_MODULE = /\.d\.[cm]?ts$|\.(?:test|spec)\.[cm]?[jt]sx?$/;

/** The modules in a directory and those below it, but for what is installed (`node_modules`) and hidden (`.git`). */
export async function projectFiles(directory: string): Promise<string[]> {
  let entries: fs.Dirent[];
  try {
    entries = await fs.promises.readdir(directory, { withFileTypes: true });
  } catch {
    // It may not be read, or has just gone.
    return [];
  }
  const found = await Promise.all(
    entries.map(async (entry) => {
      const path = join(directory, entry.name);
      if (entry.isFile()) return CODE.test(entry.name) && !NO_MODULE.test(entry.name) ? [path] : [];
      const wanted = entry.isDirectory() && entry.name !== "node_modules" && !entry.name.startsWith(".");
      return wanted ? await projectFiles(path) : [];
    }),
  );
  return found.flat();
}
