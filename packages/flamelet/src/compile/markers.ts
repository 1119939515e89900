import type { Node } from "oxc-parser";
import type { Analysis } from "./analysis.ts";
import { choices, isFunctionLiteral, unwrap } from "./expressions.ts";
import type { Origins } from "./origins.ts";
import type { Binding } from "./scope.ts";

/** The verbs of `flame` that run a function elsewhere, and which of their arguments is that function. */
const FUNCTION_ARGUMENT: ReadonlyMap<string, number> = new Map([
  ["call", 1],
  ["cast", 1],
  ["stream", 1],
  ["place", 1],
  ["map", 2],
]);

/** One function that is given to a verb. */
export interface Marked {
  readonly verb: string;
  /** A function literal, or the name of a function of the module or of one that it imports. */
  readonly fn: Node;
  /** Names of the functions and classes around the call, outermost first. */
  readonly path: readonly string[];
  /** Whether a class or a directive of a function makes it strict, whatever the module is. */
  readonly strict: boolean;
}

/** Finds the functions that are given to a verb of `flame`. What counts is where a name comes from, never what it is. */
export function findMarked({ calls, bindingOf }: Analysis, origins: Origins): Marked[] {
  const marked: Marked[] = [];
  for (const { node, path, strict } of calls) {
    const verb = verbOf(node.callee, origins, bindingOf);
    const index = verb === null ? undefined : FUNCTION_ARGUMENT.get(verb);
    if (verb === null || index === undefined) continue;
    if (node.arguments.slice(0, index + 1).some(({ type }) => type === "SpreadElement")) continue;
    const argument = node.arguments[index];
    for (const fn of argument === undefined ? [] : choices(argument))
      if (isFunctionLiteral(fn) || isFunctionName(fn, origins, bindingOf)) marked.push({ verb, fn, path, strict });
  }
  return marked;
}

function verbOf(callee: Node, origins: Origins, bindingOf: Analysis["bindingOf"]): string | null {
  const name = origins.inPackage(callee, bindingOf);
  return name?.length === 2 && name[0] === "flame" ? (name[1] ?? null) : null;
}

/**
 * Whether a name may be that of a function that every copy of the app has. Local functions are taken too, to be refused.
 * What `flame.fn` gives has a name of its own already.
 */
function isFunctionName(node: Node, origins: Origins, bindingOf: Analysis["bindingOf"]): boolean {
  if (node.type === "MemberExpression") {
    // `import * as media`, `media.probe`: what else has members may be anything.
    const binding = bindingOf(node.object);
    return !node.computed && binding?.origin?.from === "import" && binding.origin.imported === "*";
  }
  const binding = bindingOf(node);
  if (binding === undefined) return false;
  if (binding.kind === "import" || binding.kind === "function") return true;
  if (binding.kind !== "const" || binding.origin?.from !== "value" || binding.origin.path.length > 0) return false;
  const value = unwrap(binding.origin.init);
  return binding.scope.kind === "module" ? !isNamed(value, origins, bindingOf) : isFunctionLiteral(value);
}

function isNamed(value: Node, origins: Origins, bindingOf: Analysis["bindingOf"]): boolean {
  return value.type === "CallExpression" && verbOf(value.callee, origins, bindingOf) === "fn";
}

/** The code that a marked function is: of a name, that of the function of this module that it names. */
export function codeOf({ fn }: Marked, bindingOf: Analysis["bindingOf"]): { start: number; end: number } {
  const declared: Binding | undefined = isFunctionLiteral(fn) ? undefined : bindingOf(fn);
  return declared?.origin?.from === "value" ? declared.origin.init : fn;
}
