import type { ContextUse } from "./analysis.ts";

/** What a closure cannot do, since it runs in another copy of the app. */
export type Refusal =
  | "assignment"
  | "function"
  | "class"
  | "enum"
  | "namespace"
  | "given function"
  | ContextUse["kind"];

/** The two halves of a message: what is wrong, after "the closure given to flame.call …", and what to write instead. */
export interface Explanation {
  readonly what: string;
  readonly instead: string;
}

/** Says why something is refused. `name` is the variable that it is about, for those that are about one. */
export function explain(refusal: Refusal, verb: string, name: string): Explanation {
  return REFUSALS[refusal](name, verb);
}

/**
 * All that is refused. `docs/closures.md` lists it, and a test compares.
 */
export const REFUSALS: Readonly<Record<Refusal, (name: string, verb: string) => Explanation>> = {
  assignment: (name, verb) => ({
    what: `assigns to "${name}", a local variable around it. It gets a copy of the value, so the assignment would be lost`,
    instead: assignWhereCalled(name, verb),
  }),
  function: (name) => ({
    what: `captures "${name}", a local function around it, and functions cannot be sent`,
    instead:
      `Move "${name}" to module scope, where every copy of the app has it, or inside of the closure. ` +
      `If it must run where the call is made: const ${name} = flame.callback(…)`,
  }),
  class: (name) => ({
    what: `captures "${name}", a local class around it, and classes cannot be sent`,
    instead: `Move "${name}" to module scope`,
  }),
  enum: (name) => ({
    what: `captures "${name}", a local enum around it, and those cannot be sent`,
    instead: `Move "${name}" to module scope`,
  }),
  namespace: (name) => ({
    what: `captures "${name}", a local namespace around it, and those cannot be sent`,
    instead: `Move "${name}" to module scope`,
  }),
  "given function": (name, verb) => ({
    what: `is "${name}", a local function, which no other copy of the app can find`,
    instead: `Write it where it is given: flame.${verb}(…, async () => …). Or move "${name}" to module scope`,
  }),
  this: () => ({
    what: 'uses "this" of the function around it, which stays behind',
    instead: "Put what it needs into variables first: const { url } = this",
  }),
  super: () => ({
    what: 'uses "super" of the method around it, which stays behind',
    instead: "Call it outside, and use its result in the closure",
  }),
  "new.target": () => ({
    what: 'uses "new.target" of the function around it, which stays behind',
    instead: "Put it into a variable first",
  }),
  arguments: () => ({
    what: 'uses "arguments" of the function around it, which stays behind',
    instead: "Give that function a rest parameter, and use that: (...args)",
  }),
  "private name": (name) => ({
    what: `uses "${name}", a private name of the class around it, which stays behind`,
    instead: `Put what it needs into a variable first: const ${name.slice(1)} = this.${name}`,
  }),
  await: () => ({
    what: "awaits, but is not async: the function around it stays behind and cannot wait for it",
    instead: "Make the closure async: async () => …",
  }),
  yield: (_, verb) => ({
    what: "yields, but is no generator: the generator around it stays behind",
    instead:
      verb === "stream"
        ? "Make the closure a generator: async function* () { … }"
        : "Return the values, or give a generator to flame.stream: yield* flame.stream(…, async function* () { … })",
  }),
  eval: () => ({
    what: 'calls "eval" directly, so that what it captures cannot be known',
    instead: "Use indirect eval, (0, eval)(…), which sees globals only",
  }),
  with: () => ({
    what: 'contains a "with" statement, or stands in one, so that what it captures cannot be known',
    instead: "Use a variable",
  }),
};

function assignWhereCalled(name: string, verb: string): string {
  if (verb === "cast") return "Use flame.call, return the new value, and assign it where the call is made";
  const receives =
    verb === "stream" || verb === "map"
      ? `for await (const value of flame.${verb}(…)) ${name} = value`
      : `${name} = await flame.${verb}(…)`;
  return `Return the new value, and assign it where the call is made: ${receives}`;
}
