import type { CompileWarning } from "./diagnostic.ts";
import { emit } from "./emit.ts";
import { findClosures } from "./find.ts";
import type { SourceMap } from "./mapped-text.ts";
import type { CompileOptions } from "./options.ts";

/** A compiled module. */
export interface CompileResult {
  /** The module, with every line of the original where it was, and the copies of its closures below. */
  readonly code: string;
  /** From `code` to the original. The code of a copy is mapped to the closure that it is a copy of. */
  readonly map: SourceMap;
  readonly warnings: readonly CompileWarning[];
}

/**
 * Makes the functions that a module gives to `flame.call`, `cast`, `stream`, `map` and `place` able to run on a runner.
 * Returns null for a module that has none, and for one that cannot be parsed.
 *
 * @throws CompileError for a closure that cannot run elsewhere in the way that it reads.
 */
export function compile(source: string, options: CompileOptions): CompileResult | null {
  const found = findClosures(source, options);
  if (found === null) return null;
  const [refusal] = found.refusals;
  if (refusal !== undefined) throw refusal;
  // Whoever runs the module says that it cannot be run.
  if (found.module.strayed || found.closures.length === 0) return null;
  const { file, packageName = "flamelet", originalOf } = options;
  const { program, esm } = found.module;
  return {
    ...emit(found.closures, { source, file, program, esm, packageName, originalOf }),
    warnings: found.warnings,
  };
}
