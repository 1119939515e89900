import type { Node, Program } from "oxc-parser";
import type { Analysis } from "./analysis.ts";
import { Reader } from "./reader.ts";
import type { Binding } from "./scope.ts";

/** Reads a whole module once. Types are never looked at, so that what only they mention is not a use. */
export function analyze(program: Program): Analysis {
  const reader = new Reader(program);
  for (const statement of program.body) reader.visit(statement);
  const bindings = new Map<Node, Binding>();
  for (const { node, name, scope, writes } of reader.references) {
    const binding = scope.find(name);
    if (binding === undefined) continue;
    bindings.set(node, binding);
    if (writes) binding.reassigned = true;
  }
  const { references, contextUses, calls } = reader;
  return { references, contextUses, calls, bindingOf: (node) => bindings.get(node) };
}
