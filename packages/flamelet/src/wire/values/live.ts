import { types } from "node:util";
import { SerializationError } from "../../errors.ts";
import { closureInfo, findFunction } from "../../registry.ts";
import { isCallback, methodsOf, refTarget } from "../by-reference.ts";
import { describe } from "../unsendable.ts";
import { cannot, fieldCount, indexField, malformed, type Outbound, textField, type ValueKind } from "./kind.ts";

/** Things that stay where they are and are reached by id: functions, refs, promises, signals. */

const FUNCTION =
  "functions stay where they are: mark it with flame.callback to have it called here, or make it a named function with flame.fn";

const CLASS = "classes stay where they are: a copy of the app has its own, at module scope";

/** The fields of a function, with the tag at their end. */
export function reduceFunction(fn: (...args: never[]) => unknown, out: Outbound): readonly unknown[] {
  const callable = { kind: "function", value: fn } as const;
  if (isCallback(fn)) return [out.keep(callable), "function"];
  const info = closureInfo(fn);
  if (info !== undefined && info.captures.length === 0) return [info.id, info.hash, "named"];
  if (/^class\b/.test(Function.prototype.toString.call(fn))) throw cannot(describe(fn), CLASS);
  if (out.implicitCallbacks) return [out.keep(callable), "function"];
  throw cannot(describe(fn), FUNCTION);
}

const functionKind: ValueKind = {
  tag: "function",
  reduce: reduceFunction,
  revive(fields, inbound) {
    fieldCount(fields, 1, "function");
    return inbound.importer.function(inbound.id(fields[0]));
  },
};

const namedFunction: ValueKind = {
  tag: "named",
  reduce: reduceFunction,
  revive(fields) {
    fieldCount(fields, 2, "named function");
    const id = textField(fields[0], "named function");
    const hash = textField(fields[1], "named function");
    const found = findFunction(id);
    if (found === undefined) throw new SerializationError(`the function "${id}" is not known on this side`);
    if (found.hash !== hash) throw new SerializationError(`the function "${id}" differs between the two sides`);
    if (found.captures.length > 0) throw malformed("named function");
    return found.make();
  },
};

export const refKind: ValueKind = {
  tag: "ref",
  reduce(wrapper: object, out) {
    const value = refTarget(wrapper) as object;
    const methods = methodsOf(value);
    return [out.keep({ kind: "object", value, methods: [...methods.values()] }), [...methods.keys()]];
  },
  revive(fields, inbound) {
    fieldCount(fields, 2, "ref");
    const names = fields[1];
    if (!Array.isArray(names)) throw malformed("ref");
    const methods = names.map((name) => textField(name, "ref"));
    if (new Set(methods).size !== methods.length || methods.includes("__proto__")) throw malformed("ref");
    return inbound.importer.object(inbound.id(fields[0]), methods);
  },
};

const promise: ValueKind = {
  tag: "Promise",
  matches: types.isPromise,
  reduce(value: Promise<unknown>, out) {
    const id = out.keep({ kind: "promise", value });
    // It is in our hands now: until somebody over there listens, a rejection must not count as unhandled.
    Promise.prototype.then.call(value, undefined, () => {});
    return [id];
  },
  revive(fields, inbound) {
    fieldCount(fields, 1, "Promise");
    return inbound.importer.promise(inbound.id(fields[0]));
  },
};

/** A signal that aborted already will not change any more, so it crosses as a value. */
const signal: ValueKind = {
  tag: "AbortSignal",
  nests: true,
  matches: (value) => value instanceof AbortSignal,
  reduce: (value: AbortSignal, out) =>
    value.aborted ? [0, value.reason] : [out.keep({ kind: "signal", value }), undefined],
  revive(fields, inbound) {
    fieldCount(fields, 2, "AbortSignal");
    const id = indexField(fields[0], "AbortSignal");
    return id === 0 ? AbortSignal.abort(fields[1]) : inbound.importer.signal(inbound.id(id));
  },
};

export const liveKinds: readonly ValueKind[] = [functionKind, namedFunction, refKind, promise, signal];
