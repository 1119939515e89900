import { extname } from "node:path";
import { parseSync, type Node, type Program } from "oxc-parser";

/** A module as the parser sees it. Offsets are UTF-16 code units of the source, a byte order mark included. */
export interface ParsedModule {
  readonly program: Program;
  /** Whether it is an ES module. A CommonJS module needs `require` where an ES module needs `import`. */
  readonly esm: boolean;
}

/**
 * Parses a module, or returns null when it has a syntax error: whoever runs the module reports that in the way that its
 * users know, so it is not reported here.
 */
export function parseModule(source: string, file: string): ParsedModule | null {
  const extension = extname(file);
  const lang = extension === ".tsx" ? "tsx" : /^\.[mc]?ts$/.test(extension) ? "ts" : "jsx";
  for (const sourceType of ["module", "commonjs"] as const) {
    const result = parseSync(file, source, { lang, sourceType, preserveParens: false });
    if (result.errors.length > 0) continue;
    const { program } = result;
    return {
      program,
      esm: sourceType === "module" && (result.module.hasModuleSyntax || awaitsAtTop(program)),
    };
  }
  return null;
}

/** Whether an `await` stands outside of all functions: without any import or export, that alone makes an ES module. */
function awaitsAtTop(program: Program): boolean {
  const pending: unknown[] = [program.body];
  for (let value = pending.pop(); value !== undefined; value = pending.pop()) {
    if (typeof value !== "object" || value === null) continue;
    const { type } = value as Partial<Node>;
    if (type === "AwaitExpression" || (type === "ForOfStatement" && (value as { await: boolean }).await)) return true;
    if (type !== undefined && /Function|ClassBody/.test(type)) continue;
    pending.push(...Object.values(value).filter((child) => child !== undefined));
  }
  return false;
}
