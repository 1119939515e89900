import type { Node, Program } from "oxc-parser";
import type { Analysis } from "./analysis.ts";
import { moduleName, type ModuleName } from "./module-names.ts";
import { keyName } from "./names.ts";
import { readPattern } from "./patterns.ts";
import type { Origin } from "./scope.ts";

type BindingOf = Analysis["bindingOf"];

/** What a module exports that comes from other modules. */
export interface PassedOn {
  readonly named: ReadonlyMap<string, ModuleName>;
  /** The modules of `export * from "…"`. */
  readonly all: readonly string[];
}

/** Finds what a module passes on: by `export … from`, or by exporting what it has imported, perhaps taken apart. */
export function passedOn(program: Program, { bindingOf }: Analysis): PassedOn {
  const named = new Map<string, ModuleName>();
  const all: string[] = [];
  const add = (exported: string, name: ModuleName | null): void => {
    if (name !== null) named.set(exported, name);
  };
  for (const statement of program.body) {
    switch (statement.type) {
      case "ExportAllDeclaration":
        if (statement.exportKind === "type") break;
        if (statement.exported === null) all.push(statement.source.value);
        else add(nameOf(statement.exported), { specifier: statement.source.value, path: [] });
        break;
      case "ExportDefaultDeclaration":
        add("default", moduleName(statement.declaration, bindingOf));
        break;
      case "ExportNamedDeclaration":
        if (statement.exportKind === "type") break;
        if (statement.declaration?.type === "VariableDeclaration" && statement.declaration.kind === "const")
          for (const { id, init } of statement.declaration.declarations)
            readPattern(id, init && { from: "value", init, path: [] }, {
              name: (node, origin) => add(node.name, origin?.from === "value" ? valueName(origin, bindingOf) : null),
              expression: () => {},
            });
        for (const { local, exported, exportKind } of statement.specifiers) {
          if (exportKind === "type") continue;
          if (statement.source === null) add(nameOf(exported), moduleName(local, bindingOf));
          else add(nameOf(exported), { specifier: statement.source.value, path: [nameOf(local)] });
        }
        break;
      case "ExpressionStatement":
        for (const [exported, value] of assignedExports(statement.expression, bindingOf))
          add(exported, moduleName(value, bindingOf));
    }
  }
  return { named, all };
}

function valueName({ init, path }: Extract<Origin, { from: "value" }>, bindingOf: BindingOf): ModuleName | null {
  const name = moduleName(init, bindingOf);
  return name === null ? null : { ...name, path: [...name.path, ...path] };
}

/** `module.exports = { name: value }`, `module.exports.name = value` and `exports.name = value`. */
function assignedExports(expression: Node, bindingOf: BindingOf): [exported: string, value: Node][] {
  if (expression.type !== "AssignmentExpression") return [];
  const { left, right } = expression;
  if (left.type !== "MemberExpression" || left.computed) return [];
  const property = keyName(left.property) ?? "";
  if (isExports(left.object, bindingOf)) return [[property, right]];
  if (!isExports(left, bindingOf) || right.type !== "ObjectExpression") return [];
  return right.properties.flatMap((each): [string, Node][] => {
    const key = each.type === "Property" && !each.computed ? keyName(each.key) : undefined;
    return each.type === "Property" && key !== undefined ? [[key, each.value]] : [];
  });
}

function isExports(node: Node, bindingOf: BindingOf): boolean {
  if (node.type === "Identifier") return node.name === "exports" && bindingOf(node) === undefined;
  if (node.type !== "MemberExpression" || node.computed || node.object.type !== "Identifier") return false;
  return node.object.name === "module" && bindingOf(node.object) === undefined && keyName(node.property) === "exports";
}

function nameOf(node: { readonly type: string; readonly name?: string; readonly value?: unknown }): string {
  return node.type === "Literal" ? String(node.value) : (node.name ?? "");
}
