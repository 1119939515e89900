import { readFileSync, statSync, type Stats } from "node:fs";

const CODE = /\.(?:[cm]?[jt]s|[jt]sx)$/;

/** The stat of a file that may be a module; null for all else: what looks like a specifier may be the path of a database. */
export function statModule(file: string): Stats | null {
  if (!CODE.test(file)) return null;
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat : null;
  } catch {
    // Whoever loads it says why it cannot be, if it is loaded at all.
    return null;
  }
}

/** The text of a module, or null when it cannot be read. */
export function readModule(file: string): string | null {
  if (statModule(file) === null) return null;
  try {
    return readFileSync(file, "utf8");
  } catch {
    return null;
  }
}
