import { createHash } from "node:crypto";
import { analyze } from "./analyze.ts";
import { mayHaveClosures } from "./app-modules.ts";
import { captures } from "./captures.ts";
import { CompileError, SourceFile, type CompileWarning } from "./diagnostic.ts";
import type { CompiledClosure } from "./emit.ts";
import { codeOf, findMarked } from "./markers.ts";
import type { CompileOptions } from "./options.ts";
import { Origins } from "./origins.ts";
import { parseModule, type ParsedModule } from "./parse.ts";

/** The closures of a module, and what is to be said about them. */
export interface Found {
  readonly module: ParsedModule;
  readonly closures: readonly CompiledClosure[];
  /** For each closure that cannot run elsewhere, the first reason, in source order. */
  readonly refusals: readonly CompileError[];
  readonly warnings: readonly CompileWarning[];
}

/** Finds the functions that a module gives to a verb. Null for a module without any, and for one that cannot be parsed. */
export function findClosures(source: string, options: CompileOptions): Found | null {
  const { file, root, packageName = "flamelet", originalOf, resolve } = options;
  // Most modules never mention the package, and need not be parsed to know that they have nothing to compile.
  if (!mayHaveClosures(source, { file, packageName, resolve })) return null;
  const module = parseModule(source, file);
  if (module === null) return null;
  const analysis = analyze(module.program);
  const marked = findMarked(analysis, new Origins(file, packageName, resolve));
  if (marked.length === 0) return null;

  const sourceFile = new SourceFile(source, file, root, originalOf);
  const ordinals = new Map<string, number>();
  const closures: CompiledClosure[] = [];
  // What stands in a closure inside of another one is seen twice.
  const warnings = new Map<string, CompileWarning>();
  const refusals = new Map<string, CompileError>();
  for (const each of marked) {
    const path = each.path.join(".");
    const ordinal = ordinals.get(path) ?? 0;
    ordinals.set(path, ordinal + 1);
    const found = captures(each, analysis, sourceFile);
    for (const warning of found.warnings) warnings.set(`${warning.line}:${warning.column}`, warning);
    if (found.refusal !== null) {
      const { line, column } = found.refusal;
      const place = `${line}:${column}`;
      if (!refusals.has(place)) refusals.set(place, found.refusal);
      continue;
    }
    const code = codeOf(each, analysis.bindingOf);
    const text = source.slice(code.start, code.end);
    closures.push({
      id: `${sourceFile.shortName}#${path}/${ordinal}`,
      // The captures are part of it: the same text means something else when one of its names moved to module scope.
      hash: createHash("sha256").update(`${found.names.join()}\n${text}`).digest("hex").slice(0, 12),
      where: sourceFile.where(each.fn.start),
      verb: each.verb,
      captures: found.names,
      fn: each.fn,
      strict: each.strict,
    });
  }
  return { module, closures, refusals: [...refusals.values()], warnings: [...warnings.values()] };
}
