import { fileURLToPath } from "node:url";

/** Absolute path of a file of this package. */
export function inThisPackage(path: string): string {
  return fileURLToPath(new URL(`../../${path}`, import.meta.url));
}
