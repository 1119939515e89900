import { NotCompiledError, OptionError } from "./errors.ts";
import { warnOfLargeCaptures } from "./large-captures.ts";
import type { CallOptions } from "./options.ts";
import { isOwnFrame } from "./own-files.ts";
import type { Pool } from "./pool-handle.ts";
import { type ClosureInfo, closureInfo } from "./registry.ts";
import type { Work } from "./runner/work.ts";
import type { CallKind } from "./session/calls.ts";
import { encode, type Encoded } from "./wire/codec.ts";
import { toSerializationError, Unsendable } from "./wire/unsendable.ts";

export type Verb = "call" | "cast" | "stream" | "map" | "place";

type AnyFunction = (...args: never[]) => unknown;

/** A function that a verb was given, with what it captured at that moment, ready to be made into pieces of work. */
export interface Prepared {
  readonly info: ClosureInfo;
  readonly captures: unknown[];
  readonly verb: Verb;
  readonly fn: AnyFunction;
}

const NO_VALUES: Encoded = { json: "", attachments: [], exports: [], homes: [], ready: null };

/** Finds out which function this is and reads what it captures, now. */
export function prepare(pool: Pool, verb: Verb, fn: AnyFunction): Prepared {
  if (typeof fn !== "function")
    throw new OptionError(`flame.${verb} needs a function to run, and got ${fn === null ? "null" : typeof fn}`);
  const info = closureInfo(fn) ?? uncompiled(pool, verb, fn);
  return { info, captures: info.read(), verb, fn };
}

/** An inline closure as it stands in the source: it can only run right here. */
function uncompiled(pool: Pool, verb: Verb, fn: AnyFunction): ClosureInfo {
  if (pool.inline === null) throw new NotCompiledError(verb, callSite());
  return {
    id: "inline",
    hash: UNCOMPILED,
    captures: [],
    where: fn.name === "" ? "an inline closure" : fn.name,
    read: () => [],
  };
}

/** In place of the hash of its source, which nobody has read. */
const UNCOMPILED = "inline";

let lastInline = 0;

/** Makes a piece of work. The values are read here, so what the caller changes afterwards makes no difference. */
export function workOf(pool: Pool, prepared: Prepared, kind: CallKind, args: unknown[], options: CallOptions): Work {
  const { info, fn } = prepared;
  const named = info.hash === "";
  const uncompiled = info.hash === UNCOMPILED;
  // Each piece of work has a function of its own, so that the end of one is not the end of another.
  const id = uncompiled ? `inline#${(lastInline += 1)}` : info.id;
  const label = named ? id : `${id} (${info.where})`;
  const defaultTimeout = kind === "stream" ? Infinity : pool.core.options.timeout;
  // A stream and a placed child cross in any case: that is what makes them one.
  const crosses = pool.inline === null || pool.inline.check || kind !== "value";
  return {
    fn: id,
    hash: info.hash,
    own: uncompiled ? { ...info, id, make: () => fn } : null,
    label,
    kind,
    timeout: options.timeout ?? defaultTimeout,
    signal: options.signal,
    values: crosses ? encodeValues(prepared, args, named) : NO_VALUES,
    local: crosses ? null : { fn, args, named },
  };
}

function encodeValues({ info, captures, verb }: Prepared, args: unknown[], named: boolean): Encoded {
  try {
    // A call that takes nothing along says so by having no values at all.
    if (captures.length === 0 && args.length === 0) return encode(undefined);
    const values = encode([captures, args], named ? NAMED : CLOSURE);
    if (captures.length > 0) warnOfLargeCaptures(info, captures, values);
    return values;
  } catch (error) {
    throw error instanceof Unsendable ? unsendable(error, info, verb, named) : error;
  }
}

// Both lists, and what holds them, are made for this call.
const NAMED = { implicitCallbacks: true, own: 2 } as const;
const CLOSURE = { own: 2 } as const;

/** Says which variable or argument it is, by its name in the source. */
function unsendable(error: Unsendable, info: ClosureInfo, verb: Verb, named: boolean): Error {
  const [list, index] = error.segments;
  if (list === 0) {
    const name = info.captures[Number(index)] ?? "?";
    return toSerializationError(error.rebase(2, name), `captured variable "${name}"`, info.where);
  }
  const what = verb === "map" ? "item" : `argument ${Number(index) + 1}${named ? ` of ${info.id}` : ""}`;
  return toSerializationError(error.rebase(2), what, named ? callSite() : info.where);
}

/**
 * Where the user's code called a verb: the first frame outside of this package.
 *
 * @param verb What it called, if that is known: V8 then need not find out on which lines of this package the frames above it are.
 */
export function callSite(verb: (...args: never[]) => unknown = callSite): string {
  const at: { stack?: string } = {};
  Error.captureStackTrace(at, verb);
  const frames = (at.stack ?? "").split("\n").slice(1);
  const frame = frames.find((line) => !isOwnFrame(line) && !line.includes("node:internal"));
  const place = frame === undefined ? undefined : /((?:file:\/\/|\/)[^\s()]+:\d+:\d+)/.exec(frame)?.[1];
  return place === undefined ? "an unknown place" : place.replace(/^file:\/\//, "").replace(`${process.cwd()}/`, "");
}
