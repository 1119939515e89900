import type { CallExpression, Node } from "oxc-parser";
import type { Analysis } from "./analyze.ts";
import { functionLiterals, unwrap, type FunctionLiteral } from "./expressions.ts";
import type { Binding } from "./scope.ts";

/** The verbs of `flame` that run a function elsewhere, and which of their arguments is that function. */
const FUNCTION_ARGUMENT: ReadonlyMap<string, number> = new Map([
  ["call", 1],
  ["cast", 1],
  ["stream", 1],
  ["place", 1],
  ["map", 2],
]);

/** One function literal that is given to a verb. */
export interface Marked {
  readonly verb: string;
  readonly fn: FunctionLiteral;
  /** Names of the functions and classes around the call, outermost first. */
  readonly path: readonly string[];
}

/**
 * Finds the function literals that are given to a verb of `flame`. What counts is where a name comes from, never what it
 * is: `flame` is followed through imports, renames, namespaces, `require`, and variables that are set once.
 */
export function findMarked({ calls, bindingOf }: Analysis, packageName: string): Marked[] {
  const marked: Marked[] = [];
  for (const { node, path } of calls) {
    const name = nameInPackage(node.callee, packageName, bindingOf);
    if (name?.length !== 2 || name[0] !== "flame") continue;
    const [, verb = ""] = name;
    const index = FUNCTION_ARGUMENT.get(verb);
    if (index === undefined || node.arguments.slice(0, index + 1).some(({ type }) => type === "SpreadElement"))
      continue;
    const argument = node.arguments[index];
    if (argument !== undefined) for (const fn of functionLiterals(argument)) marked.push({ verb, fn, path });
  }
  return marked;
}

type BindingOf = Analysis["bindingOf"];

/**
 * What an expression is called inside of the package: `[]` for its namespace, `["flame", "call"]` for that verb, and null
 * when the expression has nothing to do with it.
 */
function nameInPackage(
  expression: Node,
  packageName: string,
  bindingOf: BindingOf,
  seen: ReadonlySet<Binding> = new Set(),
): string[] | null {
  const node = unwrap(expression);
  if (loadedModule(node, bindingOf) === packageName) return [];
  if (node.type === "MemberExpression") {
    const property = propertyName(node.property, node.computed);
    const object = property === null ? null : nameInPackage(node.object, packageName, bindingOf, seen);
    return object === null || property === null ? null : [...object, property];
  }
  if (node.type !== "Identifier") return null;
  const binding = bindingOf(node);
  if (binding === undefined || binding.reassigned || seen.has(binding)) return null;
  const { origin } = binding;
  if (origin?.from === "import") {
    if (origin.specifier !== packageName) return null;
    return origin.imported === "*" ? [] : [origin.imported];
  }
  if (origin?.from !== "value") return null;
  const init = nameInPackage(origin.init, packageName, bindingOf, new Set([...seen, binding]));
  return init === null ? null : [...init, ...origin.path];
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
