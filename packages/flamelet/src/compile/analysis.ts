import type { CallExpression, Node } from "oxc-parser";
import type { Binding, Reference } from "./scope.ts";

/** A use of something that belongs to a function or a class rather than to a name. */
export interface ContextUse {
  readonly kind: "this" | "super" | "new.target" | "arguments" | "private name" | "await" | "yield" | "eval" | "with";
  readonly node: Node;
  /** The function, field, static block or class that it belongs to; null for the module. */
  readonly owner: Node | null;
}

/** A call, and what is around it. */
export interface Call {
  readonly node: CallExpression;
  /** Names of the functions and classes around it, outermost first. */
  readonly path: readonly string[];
  /** Whether a class or a directive of a function makes it strict, whatever the module is. */
  readonly strict: boolean;
}

/** What a module declares and uses, in source order. */
export interface Analysis {
  readonly references: readonly Reference[];
  readonly contextUses: readonly ContextUse[];
  readonly calls: readonly Call[];
  /** What an identifier that is used as a value refers to; undefined for a global. */
  bindingOf(node: Node): Binding | undefined;
}
