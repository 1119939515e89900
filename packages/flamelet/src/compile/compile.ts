import { createHash } from "node:crypto";
import type { SourceMap } from "magic-string";
import { analyze } from "./analyze.ts";
import { mayHaveClosures } from "./app-modules.ts";
import { captures } from "./captures.ts";
import { SourceFile, type CompileWarning } from "./diagnostic.ts";
import { emit, type CompiledClosure } from "./emit.ts";
import { codeOf, findMarked } from "./markers.ts";
import type { OriginalOf } from "./original.ts";
import { Origins } from "./origins.ts";
import { parseModule } from "./parse.ts";
import type { Resolve } from "./resolve.ts";

/** Where a module is. */
export interface CompileOptions {
  /** Absolute path of the module. Its extension says whether it is TypeScript, and whether it has JSX. */
  readonly file: string;
  /** Absolute path of the project: ids and messages are relative to it. */
  readonly root: string;
  /** The package whose `flame` is meant. Default: `"flamelet"`. */
  readonly packageName?: string;
  /** Given when the source was itself generated: the map of the result, and all places, are then those of its original. */
  readonly originalOf?: OriginalOf | undefined;
  /**
   * Finds the modules of the app that a module imports, so that `flame` is found where they hand it on. Default: relative
   * specifiers, looked up on disk. Give it where others (aliases, `#imports`) may lead to such a module too.
   */
  readonly resolve?: Resolve | undefined;
}

/** A compiled module. */
export interface CompileResult {
  /** The module, with every line of the original where it was, and the copies of its closures below. */
  readonly code: string;
  /** From `code` to the original. The code of a copy is mapped to the closure that it is a copy of. */
  readonly map: SourceMap;
  readonly warnings: readonly CompileWarning[];
}

/**
 * Makes the functions that a module gives to `flame.call`, `cast`, `stream`, `map` and `place` able to run on a runner. Returns null for a module that has none, and for one that cannot be parsed.
 *
 * @throws CompileError for a closure that cannot run elsewhere in the way that it reads.
 */
export function compile(source: string, options: CompileOptions): CompileResult | null {
  const { file, root, packageName = "flamelet", originalOf, resolve } = options;
  // Most modules never mention the package, and need not be parsed to know that they have nothing to compile.
  if (!mayHaveClosures(source, { file, packageName, resolve })) return null;
  const parsed = parseModule(source, file);
  if (parsed === null) return null;
  const analysis = analyze(parsed.program);
  const marked = findMarked(analysis, new Origins(file, packageName, resolve));
  if (marked.length === 0) return null;

  const sourceFile = new SourceFile(source, file, root, originalOf);
  const ordinals = new Map<string, number>();
  // What stands in a closure inside of another one is seen twice.
  const warnings = new Map<string, CompileWarning>();
  const closures = marked.map((each): CompiledClosure => {
    const found = captures(each, analysis, sourceFile);
    for (const warning of found.warnings) warnings.set(`${warning.line}:${warning.column}`, warning);
    const path = each.path.join(".");
    const ordinal = ordinals.get(path) ?? 0;
    ordinals.set(path, ordinal + 1);
    const code = codeOf(each, analysis.bindingOf);
    const text = source.slice(code.start, code.end);
    return {
      id: `${sourceFile.shortName}#${path}/${ordinal}`,
      // The captures are part of it: the same text means something else when one of its names moved to module scope.
      hash: createHash("sha256").update(`${found.names.join()}\n${text}`).digest("hex").slice(0, 12),
      where: sourceFile.where(each.fn.start),
      captures: found.names,
      fn: each.fn,
      strict: each.strict,
    };
  });
  if (parsed.strayed) return null;
  return {
    ...emit(closures, { source, file, program: parsed.program, esm: parsed.esm, packageName, originalOf }),
    warnings: [...warnings.values()],
  };
}
