import type { Node } from "oxc-parser";
import type { Analysis, ContextUse } from "./analysis.ts";
import { CompileError, type CompileWarning, type SourceFile } from "./diagnostic.ts";
import { isFunctionLiteral, unwrap } from "./expressions.ts";
import type { Marked } from "./markers.ts";
import { explain, type Refusal } from "./refusals.ts";
import type { Binding } from "./scope.ts";

/** What a closure takes with it. */
export interface Captures {
  /** In order of first use. */
  readonly names: readonly string[];
  readonly warnings: readonly CompileWarning[];
  /** Why it cannot run elsewhere in the way that it reads: the first reason in the source. Null when it can. */
  readonly refusal: CompileError | null;
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the variables that a closure captures: those that it uses, and that a function or block around it declares.
 */
export function captures(marked: Marked, analysis: Analysis, file: SourceFile): Captures {
  const { verb, fn } = marked;
  const names = new Set<string>();
  const warnings: CompileWarning[] = [];
  const problems: Problem[] = [];

  for (const { node, name, writes } of analysis.references) {
    if (!within(node, fn)) continue;
    const binding = analysis.bindingOf(node);
    if (binding === undefined || within(binding.scope, fn)) continue;
    if (binding.scope.kind === "module") {
      if (writes && isVariable(binding)) warnings.push(moduleVariable(name, verb, node, file));
      continue;
    }
    const refusal = node === fn ? "given function" : writes ? "assignment" : uncapturable(binding);
    if (refusal === null) names.add(name);
    else problems.push({ refusal, name, node });
  }
  for (const use of analysis.contextUses)
    if (leavesClosure(use, marked, analysis)) {
      const name = use.node.type === "PrivateIdentifier" ? `#${use.node.name}` : "";
      problems.push({ refusal: use.kind, name, node: use.node });
    }

  const [first] = problems.sort((a, b) => a.node.start - b.node.start);
  const refusal = first === undefined ? null : refused(first, verb, file);
  return { names: [...names], warnings, refusal };
}

interface Problem {
  readonly refusal: Refusal;
  readonly name: string;
  readonly node: Node;
}

function refused({ refusal, name, node }: Problem, verb: string, file: SourceFile): CompileError {
  const { what, instead } = explain(refusal, verb, name);
  const given = refusal === "given function" ? "function" : "closure";
  const message = file.explain(`the ${given} given to flame.${verb} ${what}. ${instead}`, node.start, node.end);
  return new CompileError(message, file.place(node.start));
}

function within(inner: Span, outer: Span): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

function isVariable({ kind }: Binding): boolean {
  return kind === "let" || kind === "var";
}

function moduleVariable(name: string, verb: string, node: Node, file: SourceFile): CompileWarning {
  const message =
    `the closure given to flame.${verb} assigns to "${name}", a variable of the module. ` +
    `Every copy of the app has its own: on a runner, the "${name}" of that runner changes`;
  return { message: file.explain(message, node.start, node.end), ...file.place(node.start) };
}

/** Why a binding cannot be captured by value, or null when it may be. */
function uncapturable(binding: Binding): Refusal | null {
  const { kind } = binding;
  if (kind === "function" || kind === "class" || kind === "enum" || kind === "namespace") return kind;
  const value = constantValue(binding);
  if (value === null) return null;
  if (isFunctionLiteral(value)) return "function";
  return value.type === "ClassExpression" ? "class" : null;
}

/** The expression that a `const` is declared with. */
function constantValue({ kind, origin }: Binding): Node | null {
  return kind === "const" && origin?.from === "value" && origin.path.length === 0 ? unwrap(origin.init) : null;
}

function leavesClosure({ kind, node, owner }: ContextUse, { fn }: Marked, { bindingOf }: Analysis): boolean {
  if (kind === "with" && within(fn, node)) return true;
  if (!within(node, fn)) return false;
  switch (kind) {
    case "with":
      return true;
    case "eval":
      return bindingOf(node) === undefined;
    // A function inside of the closure that awaits without being async is a plain syntax error.
    case "await":
      return owner === fn && isFunctionLiteral(fn) && !fn.async;
    case "yield":
      return owner === fn && (fn.type !== "FunctionExpression" || !fn.generator);
    default:
      return owner === null || !within(owner, fn);
  }
}
