import type { CallExpression, Node } from "oxc-parser";
import type { Analysis } from "./analysis.ts";
import { unwrap } from "./expressions.ts";
import type { Binding } from "./scope.ts";

type BindingOf = Analysis["bindingOf"];

/** Something that a module exports, or that is inside of what it exports; with an empty path, all of its exports. */
export interface ModuleName {
  /** As the module that uses it names it. */
  readonly specifier: string;
  /** `["flame", "call"]` is the property `call` of the export `flame`. */
  readonly path: readonly string[];
}

/**
 * Follows an expression to the module that its value comes from: through imports, renames, namespaces, `require`,
 * destructuring, and variables that are set once. Null when it comes from nowhere else, or only running it would tell.
 */
export function moduleName(
  expression: Node,
  bindingOf: BindingOf,
  seen: ReadonlySet<Binding> = new Set(),
): ModuleName | null {
  const node = unwrap(expression);
  const specifier = loadedModule(node, bindingOf);
  if (specifier !== null) return { specifier, path: [] };
  if (node.type === "MemberExpression") {
    const property = propertyName(node.property, node.computed);
    const object = property === null ? null : moduleName(node.object, bindingOf, seen);
    return object === null || property === null ? null : { ...object, path: [...object.path, property] };
  }
  if (node.type !== "Identifier") return null;
  const binding = bindingOf(node);
  if (binding === undefined || binding.reassigned || seen.has(binding)) return null;
  const { origin } = binding;
  if (origin?.from === "import")
    return { specifier: origin.specifier, path: origin.imported === "*" ? [] : [origin.imported] };
  if (origin?.from !== "value") return null;
  const value = moduleName(origin.init, bindingOf, new Set([...seen, binding]));
  return value === null ? null : { ...value, path: [...value.path, ...origin.path] };
}

/** The specifier in `require("…")` and `await import("…")`. */
function loadedModule(node: Node, bindingOf: BindingOf): string | null {
  if (node.type === "AwaitExpression" && node.argument.type === "ImportExpression")
    return stringValue(node.argument.source);
  const isRequire = node.type === "CallExpression" && isGlobal(node.callee, "require", bindingOf);
  return isRequire ? stringValue((node as CallExpression).arguments[0]) : null;
}

function isGlobal(node: Node, name: string, bindingOf: BindingOf): boolean {
  return node.type === "Identifier" && node.name === name && bindingOf(node) === undefined;
}

function propertyName(property: Node, computed: boolean): string | null {
  if (computed) return stringValue(property);
  return property.type === "Identifier" ? property.name : null;
}

function stringValue(node: Node | undefined): string | null {
  return node?.type === "Literal" && typeof node.value === "string" ? node.value : null;
}
