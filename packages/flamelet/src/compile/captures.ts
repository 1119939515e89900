import type { Node } from "oxc-parser";
import type { Analysis, ContextUse } from "./analyze.ts";
import { CompileError, type CompileWarning, type SourceFile } from "./diagnostic.ts";
import { isFunctionLiteral, unwrap } from "./expressions.ts";
import type { Marked } from "./markers.ts";
import type { Binding } from "./scope.ts";

/** What a closure takes with it. */
export interface Captures {
  /** In order of first use. */
  readonly names: readonly string[];
  readonly warnings: readonly CompileWarning[];
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the variables that a closure captures: those that it uses, and that a function or block around it declares.
 * Throws a `CompileError` when the closure could not run elsewhere in the way that it reads.
 */
export function captures({ verb, fn }: Marked, analysis: Analysis, file: SourceFile): Captures {
  const names = new Set<string>();
  const warnings: CompileWarning[] = [];
  const problems: { readonly node: Node; readonly message: string }[] = [];

  for (const { node, name, writes } of analysis.references) {
    const binding = analysis.bindingOf(node);
    if (!within(node, fn) || binding === undefined || within(binding.scope, fn)) continue;
    if (binding.scope.kind === "module") {
      if (!writes || !(binding.kind === "let" || binding.kind === "var")) continue;
      const message =
        `the closure given to flame.${verb} assigns to "${name}", a variable of the module. ` +
        `Every copy of the app has its own: on a runner, the "${name}" of that runner changes`;
      warnings.push({
        message: file.explain(message, node.start, node.end),
        ...file.place(node.start),
      });
      continue;
    }
    const reason = writes ? assigned(name, verb) : uncapturable(binding);
    if (reason === null) names.add(name);
    else problems.push({ node, message: reason });
  }
  for (const use of analysis.contextUses)
    if (within(use.node, fn) && leavesClosure(use, fn, analysis))
      problems.push({ node: use.node, message: EXPLAINED[use.kind] });

  const [first] = problems.sort((a, b) => a.node.start - b.node.start);
  if (first !== undefined) {
    const { start, end } = first.node;
    const message = file.explain(`the closure given to flame.${verb} ${first.message}`, start, end);
    throw new CompileError(message, file.place(start));
  }
  return { names: [...names], warnings };
}

function within(inner: Span, outer: Span): boolean {
  return inner.start >= outer.start && inner.end <= outer.end;
}

function assigned(name: string, verb: string): string {
  const receives =
    verb === "stream"
      ? `for await (const value of flame.stream(…)) ${name} = value`
      : `${name} = await flame.${verb}(…)`;
  return (
    `assigns to "${name}", a local variable around it. It gets a copy of the value, so the assignment would be lost. ` +
    (verb === "cast"
      ? "Use flame.call, return the new value, and assign it where the call is made"
      : `Return the new value, and assign it where the call is made: ${receives}`)
  );
}

/** Why a binding cannot be captured by value, or null when it may be. */
function uncapturable({ name, kind, origin }: Binding): string | null {
  const value = kind === "const" && origin?.from === "value" && origin.path.length === 0 ? unwrap(origin.init) : null;
  if (kind === "function" || (value !== null && isFunctionLiteral(value)))
    return (
      `captures "${name}", a local function around it, and functions cannot be sent. ` +
      `Move "${name}" to module scope, where every copy of the app has it, or inside of the closure. ` +
      `If it must run where the call is made: const ${name} = flame.callback(…)`
    );
  if (kind === "class" || value?.type === "ClassExpression")
    return `captures "${name}", a local class around it, and classes cannot be sent. Move "${name}" to module scope`;
  if (kind === "enum" || kind === "namespace")
    return `captures "${name}", a local ${kind} around it, and those cannot be sent. Move "${name}" to module scope`;
  return null;
}

const EXPLAINED: Readonly<Record<ContextUse["kind"], string>> = {
  this: 'uses "this" of the function around it, which stays behind. Put what it needs into variables first: const { url } = this',
  super: 'uses "super" of the method around it, which stays behind. Call it outside, and use its result in the closure',
  "new.target": 'uses "new.target" of the function around it, which stays behind. Put it into a variable first',
  arguments:
    'uses "arguments" of the function around it, which stays behind. Give that function a rest parameter, and use that: (...args)',
  "private name":
    "uses a private name of the class around it, which stays behind. Put what it needs into a variable first: const secret = this.#secret",
  eval: 'calls "eval" directly, so that what it captures cannot be known. Use indirect eval, (0, eval)(…), which sees globals only',
  with: 'contains a "with" statement, so that what it captures cannot be known. Use a variable',
};

function leavesClosure({ kind, node, owner }: ContextUse, fn: Span, { bindingOf }: Analysis): boolean {
  if (kind === "with") return true;
  if (kind === "eval") return bindingOf(node) === undefined;
  return owner === null || !within(owner, fn);
}
