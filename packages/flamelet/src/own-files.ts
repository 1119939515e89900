/**
 * Where this package's own files are: TypeScript in this repository's tests, and JavaScript where it is installed. Stands beside
 * the folders on purpose, as do the files that the build makes of all modules, so that paths are the same from both.
 */

const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** The folder that holds all that this process runs of flamelet. */
export const ownDirectory: URL = new URL("./", import.meta.url);

/** One of the modules that threads, processes and hooks load by path, such as `child/preload`: an entry of the build. */
export function ownModule(name: string): URL {
  return new URL(`./${name}.${EXTENSION}`, import.meta.url);
}

/** The `package.json` of flamelet. */
export const ownManifest: URL = new URL("../package.json", import.meta.url);

/** Source maps may lead the frames of what runs from `dist` back to `src`. */
const OWN_FOLDERS = ["dist/", "src/"].map((folder) => new URL(folder, ownManifest));

/** Whether a line of a stack is a frame of flamelet. */
export function isOwnFrame(line: string): boolean {
  return OWN_FOLDERS.some(({ href, pathname }) => line.includes(href) || line.includes(pathname));
}
