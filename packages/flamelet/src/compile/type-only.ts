import type { Node, Program } from "oxc-parser";

/**
 * Says of each import and export of a module of TypeScript whether it is of types alone. The parser says so only in the AST
 * with types, which is half as large again. In the other one a name that is of a type still begins at that word.
 */
export function noteTypeOnly(program: Program, source: string): void {
  for (const statement of program.body) {
    switch (statement.type) {
      case "ImportDeclaration":
        statement.importKind = kind(statement, statement.specifiers[0] ?? statement.source, source);
        for (const specifier of statement.specifiers)
          if (specifier.type === "ImportSpecifier") specifier.importKind = kind(specifier, specifier.imported, source);
        break;
      case "ExportNamedDeclaration":
        statement.exportKind = kind(statement, statement.specifiers[0] ?? statement, source);
        for (const specifier of statement.specifiers) specifier.exportKind = kind(specifier, specifier.local, source);
        break;
      case "ExportAllDeclaration":
        statement.exportKind = kind(statement, statement.exported ?? statement.source, source);
    }
  }
}

/** What the words between the beginning of a node and that of its first name say. */
function kind(node: Node, name: Node, source: string): "type" | "value" {
  const words = source.slice(node.start, name.start).replace(COMMENT, " ");
  return /\btype\b/.test(words) ? "type" : "value";
}

const COMMENT = /\/\*.*?\*\/|\/\/.*?$/gms;
