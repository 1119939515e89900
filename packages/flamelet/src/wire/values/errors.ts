import { types } from "node:util";
import {
  AuthError,
  BootError,
  BuildMismatchError,
  CallTimeoutError,
  FlameError,
  NotCompiledError,
  OptionError,
  PoolClosedError,
  ProtocolError,
  QueueFullError,
  QueueTimeoutError,
  RunnerLostError,
  SerializationError,
  UnknownFunctionError,
} from "../../errors.ts";
import { fieldCount, malformed, type Outbound, textField, type ValueKind } from "./kind.ts";

/**
 * Errors keep their class where it is a built-in one or one of ours; any other arrives as the nearest of these that it
 * extends, under its own name. Message and stack cross at once; cause and other own properties follow, so that an error
 * may lead back to itself.
 *
 * An error always crosses, since losing it would hide what went wrong: whatever hangs off it and cannot cross, or would
 * have to stay live, is undefined over there.
 */

const classes = new Map<string, object>();
for (const name of [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
  "SuppressedError",
]) {
  const type = (globalThis as Record<string, unknown>)[name];
  if (typeof type === "function") classes.set(name, type.prototype as object);
}
// By names that are written here, as those of classes may be shortened where an app is bundled.
for (const [name, type] of Object.entries({
  AuthError,
  BootError,
  BuildMismatchError,
  CallTimeoutError,
  FlameError,
  NotCompiledError,
  OptionError,
  PoolClosedError,
  ProtocolError,
  QueueFullError,
  QueueTimeoutError,
  RunnerLostError,
  SerializationError,
  UnknownFunctionError,
}))
  classes.set(name, type.prototype);

const classNames = new Map<object, string>([...classes].map(([name, prototype]) => [prototype, name]));

/** Marks errors of flamelet, in any copy of it; see errors.ts. */
const FLAME = Symbol.for("flamelet.error");

/** What crosses although it is not enumerable. */
const HIDDEN = ["cause", "errors", "error", "suppressed"];

/** Reads a property of an error, whose getters may fail like anybody's. */
function read(error: object, key: string): unknown {
  try {
    return (error as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** The nearest class that the other side knows by itself. */
function classOf(error: object): string {
  for (let level = Object.getPrototypeOf(error); level !== null; level = Object.getPrototypeOf(level)) {
    const name = classNames.get(level);
    if (name !== undefined && name !== "Error") return name;
  }
  // Of another realm, or of another copy of flamelet, its prototypes are not ours, but its name tells.
  const name = read(error, "name");
  const foreign = FLAME in error || !(error instanceof Error);
  return foreign && typeof name === "string" && classes.has(name) ? name : "Error";
}

function laterProperties(error: object, out: Outbound): void {
  const hidden: Record<string, unknown> = {};
  const shown: Record<string, unknown> = {};
  for (const key of HIDDEN) {
    const property = Object.getOwnPropertyDescriptor(error, key);
    if (property !== undefined && !property.enumerable) hidden[key] = read(error, key);
  }
  for (const key of Object.keys(error))
    if (key !== "message" && key !== "stack" && key !== "__proto__") shown[key] = read(error, key);
  out.later(error, hidden, shown);
}

function stackOf(error: object): string | null {
  const stack = read(error, "stack");
  return typeof stack === "string" ? stack : null;
}

function setHidden(error: object, key: string, value: unknown): void {
  Object.defineProperty(error, key, { value, writable: true, configurable: true, enumerable: false });
}

/** Without a stack of its own, an error must not show that of the decoder. */
function setStack(error: Error, stack: unknown): void {
  if (stack !== null && typeof stack !== "string") throw malformed("Error");
  setHidden(error, "stack", stack ?? `${error.name}: ${error.message}`);
}

const error: ValueKind = {
  tag: "Error",
  matches: (value) => types.isNativeError(value) || value instanceof Error,
  reduce(value: Error, out) {
    const type = classOf(value);
    const name = read(value, "name");
    const ownName = typeof name === "string" && name !== read(classes.get(type) as object, "name") ? name : null;
    const message = read(value, "message");
    laterProperties(value, out);
    return [type, ownName, typeof message === "string" ? message : "", stackOf(value)];
  },
  revive(fields, inbound) {
    fieldCount(fields, 4, "Error");
    const [type, name, message, stack] = fields;
    const prototype = classes.get(textField(type, "Error"));
    if (prototype === undefined) throw malformed("Error");
    // Made without the constructor of its class, which may take anything and do anything.
    const revived = Object.setPrototypeOf(new Error(textField(message, "Error")), prototype) as Error;
    if (name !== null) setHidden(revived, "name", textField(name, "Error"));
    if (Object.prototype.isPrototypeOf.call(FlameError.prototype, revived))
      Object.defineProperty(revived, FLAME, { value: true });
    setStack(revived, stack);
    inbound.madeError(revived);
    return revived;
  },
};

const domException: ValueKind = {
  tag: "DOMException",
  matches: (value) => value instanceof DOMException,
  reduce(value: DOMException, out) {
    laterProperties(value, out);
    return [value.message, value.name, stackOf(value)];
  },
  revive(fields, inbound) {
    fieldCount(fields, 3, "DOMException");
    const revived = new DOMException(textField(fields[0], "DOMException"), textField(fields[1], "DOMException"));
    setStack(revived, fields[2]);
    inbound.madeError(revived);
    return revived;
  },
};

export const errorKinds: readonly ValueKind[] = [domException, error];
