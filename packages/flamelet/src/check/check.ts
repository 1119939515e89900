import { readFileSync } from "node:fs";
import { mayHaveClosures } from "../compile/app-modules.ts";
import { SourceFile } from "../compile/diagnostic.ts";
import { findClosures } from "../compile/find.ts";
import { syntaxError } from "../compile/parse.ts";

/** One function that runs remotely. */
export interface RemoteFunction {
  /** `src/thumbs.ts#generateThumbnails/0` */
  readonly id: string;
  /** `src/thumbs.ts:42` */
  readonly where: string;
  readonly verb: string;
  readonly captures: readonly string[];
}

/** What there is to say about one module. Each message begins with its place and ends with a code frame. */
export interface Checked {
  readonly functions: readonly RemoteFunction[];
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

const NOTHING: Checked = { functions: [], errors: [], warnings: [] };

/**
 * Checks one module without running it.
 *
 * @param root Absolute path of the project: ids and messages are relative to it.
 */
export function checkModule(file: string, root: string): Checked {
  const source = readFileSync(file, "utf8");
  if (!mayHaveClosures(source, { file })) return NOTHING;
  const found = findClosures(source, { file, root });
  const errors = found?.refusals.map(({ message }) => message) ?? [];
  const syntax = errors.length > 0 ? null : syntaxError(source, file);
  if (syntax !== null) {
    const { start, message } = syntax;
    errors.push(new SourceFile(source, file, root).explain(`cannot be parsed: ${message}`, start, start + 1));
  }
  return { functions: found?.closures ?? [], errors, warnings: found?.warnings.map(({ message }) => message) ?? [] };
}
