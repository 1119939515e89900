import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

/** The directory that ids are relative to: the nearest one, from `directory` up, that has a `package.json`. */
export function projectRoot(directory: string): string {
  for (let at = directory; ; at = dirname(at)) {
    if (existsSync(join(at, "package.json"))) return at;
    if (at === dirname(at)) return directory;
  }
}
