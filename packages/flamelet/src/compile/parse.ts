import { extname } from "node:path";
import { parseSync, type Node, type OxcError, type Program } from "oxc-parser";
import { noteTypeOnly } from "./type-only.ts";

/** A module as the parser sees it. Offsets are UTF-16 code units of the source, a byte order mark included. */
export interface ParsedModule {
  readonly program: Program;
  /** Whether it is an ES module. A CommonJS module needs `require` where an ES module needs `import`. */
  readonly esm: boolean;
  /** Whether it has an `await` or a `yield` where there can be none, which makes it a module that cannot run. */
  readonly strayed: boolean;
}

/**
 * Parses a module, or returns null when it has a syntax error: whoever runs the module reports that in the way that its
 * users know, so it is not reported here. An `await` or `yield` in the wrong function is no such error, for in a closure
 * there is more to say about it.
 */
export function parseModule(source: string, file: string): ParsedModule | null {
  const results = parse(source, file);
  const result = results.find(({ errors }) => errors.length === 0) ?? results.find(({ strayed }) => strayed);
  return result ?? null;
}

interface Attempt extends ParsedModule {
  readonly errors: readonly OxcError[];
}

/**
 * Where the types of TypeScript must be in the AST: only there it says what is declared elsewhere (`declare const`), and which
 * decorators a parameter has. Without them it is a third smaller, and handing it over takes most of the time of parsing. The
 * tags of JSDoc are no decorators.
 */
const NEEDS_TYPES = /\bdeclare\b|(?<!\* )@/;

/** Parses it as an ES module, and if it is none, as a CommonJS module. */
function parse(source: string, file: string): Attempt[] {
  const extension = extname(file);
  const lang = extension === ".tsx" ? "tsx" : /^\.[mc]?ts$/.test(extension) ? "ts" : "jsx";
  const astType = lang !== "jsx" && NEEDS_TYPES.test(source) ? "ts" : "js";
  const attempts: Attempt[] = [];
  for (const sourceType of ["module", "commonjs"] as const) {
    const result = parseSync(file, source, { lang, astType, sourceType, preserveParens: false });
    const { program, errors } = result;
    if (astType === "js") noteTypeOnly(program, source);
    const esm =
      sourceType === "module" &&
      (program.body.some(isModuleSyntax) || result.module.hasModuleSyntax || awaitsAtTop(program));
    attempts.push({
      program,
      esm,
      errors,
      strayed: errors.length > 0 && errors.every((error) => isStray(error, source)),
    });
    if (errors.length === 0) break;
  }
  return attempts;
}

/** Whether all that is wrong is an `await` or a `yield`; the parser reads on after those. */
function isStray({ labels: [label] }: OxcError, source: string): boolean {
  return label !== undefined && /^(?:await|yield)\b/.test(source.slice(label.start, label.start + 6));
}

/** The first syntax error of a module, for whoever checks it without running it; null when it has none. */
export function syntaxError(source: string, file: string): { readonly message: string; readonly start: number } | null {
  const attempts = parse(source, file);
  const error = attempts.some(({ errors }) => errors.length === 0) ? undefined : attempts[0]?.errors[0];
  return error === undefined ? null : { message: error.message, start: error.labels[0]?.start ?? 0 };
}

/** Whether a statement alone makes an ES module. Asking the parser, which knows all of them, takes longer. */
function isModuleSyntax({ type }: Node): boolean {
  return type === "ImportDeclaration" || type === "ExportNamedDeclaration" || type === "ExportDefaultDeclaration";
}

/** Whether an `await` stands outside of all functions: without any import or export, that alone makes an ES module. */
function awaitsAtTop(program: Program): boolean {
  const pending: unknown[] = [program.body];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const { type } = value as Partial<Node>;
    if (type === "AwaitExpression" || (type === "ForOfStatement" && (value as { await: boolean }).await)) return true;
    if (type === "VariableDeclaration" && (value as { kind: string }).kind === "await using") return true;
    if (type !== undefined && /Function|ClassBody/.test(type)) continue;
    pending.push(...Object.values(value).filter((child) => child !== undefined));
  }
  return false;
}
