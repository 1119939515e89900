import dns, { type LookupAddress, type LookupOptions } from "node:dns";
import module from "node:module";
import { promisify } from "node:util";
import type { Lookups } from "./lookups.ts";

type AnyFunction = (this: unknown, ...args: any[]) => any;
type Methods = Record<string, AnyFunction>;

/** The methods that ask for one type of record. */
const TYPES: Readonly<Record<string, string>> = { resolve4: "A", resolve6: "AAAA", resolveTxt: "TXT" };

/** Lets `node:dns` and `node:dns/promises` answer Fly's own names; all others go the way they went. */
export function patchDns(lookups: Lookups): void {
  const { promises } = dns;
  for (const target of [dns, dns.Resolver?.prototype]) if (target !== undefined) patchResolve(target, lookups, called);
  for (const target of [promises, promises.Resolver?.prototype]) {
    if (target !== undefined) patchResolve(target, lookups, promised);
  }
  const lookup = (hostname: string, options: unknown) => lookupAs(lookups, hostname, options);
  replace(dns, "lookup", (original) => called(lookups, original, lookup, spreadAddress));
  replace(promises, "lookup", (original) => promised(lookups, original, lookup));
  Object.defineProperty(dns.lookup, promisify.custom, { value: promises.lookup });
  module.syncBuiltinESMExports?.();
}

type Wrap = (
  lookups: Lookups,
  original: AnyFunction,
  own: (hostname: string, option: unknown) => Promise<unknown>,
) => AnyFunction;

function patchResolve(target: object, lookups: Lookups, wrap: Wrap): void {
  for (const [name, type] of Object.entries(TYPES)) {
    replace(target, name, (original) =>
      wrap(lookups, original, (hostname, options) => resolveAs(lookups, hostname, type, options)),
    );
  }
  replace(target, "resolve", (original) =>
    wrap(lookups, original, (hostname, type) =>
      resolveAs(lookups, hostname, typeof type === "string" ? type.toUpperCase() : "A", undefined),
    ),
  );
}

function replace(target: object, name: string, make: (original: AnyFunction) => AnyFunction): void {
  const methods = target as Methods;
  const original = methods[name];
  if (original !== undefined) methods[name] = make(original);
}

/** For functions whose last argument is called back. */
function called(
  lookups: Lookups,
  original: AnyFunction,
  own: (hostname: string, option: unknown) => Promise<unknown>,
  spread: (value: any) => unknown[] = (value) => [value],
): AnyFunction {
  return function (hostname: unknown, ...rest: unknown[]): unknown {
    const callback = rest.at(-1);
    if (!lookups.owns(hostname) || typeof callback !== "function") return original.call(this, hostname, ...rest);
    own(hostname, rest.length > 1 ? rest[0] : undefined).then(
      (value) => process.nextTick(callback as AnyFunction, null, ...spread(value)),
      (error: unknown) => process.nextTick(callback as AnyFunction, error),
    );
    return {};
  };
}

function promised(
  lookups: Lookups,
  original: AnyFunction,
  own: (hostname: string, option: unknown) => Promise<unknown>,
): AnyFunction {
  return function (hostname: unknown, ...rest: unknown[]): unknown {
    return lookups.owns(hostname) ? own(hostname, rest[0]) : original.call(this, hostname, ...rest);
  };
}

async function lookupAs(
  lookups: Lookups,
  hostname: string,
  options: unknown,
): Promise<LookupAddress | LookupAddress[]> {
  const given: LookupOptions = typeof options === "number" ? { family: options } : ((options ?? {}) as LookupOptions);
  const found = await lookups.lookup(hostname, given);
  return given.all === true ? found : (found[0] as LookupAddress);
}

function spreadAddress(found: LookupAddress | LookupAddress[]): unknown[] {
  return Array.isArray(found) ? [found] : [found.address, found.family];
}

async function resolveAs(lookups: Lookups, hostname: string, type: string, options: unknown): Promise<unknown[]> {
  const { records, ttl } = await lookups.resolve(hostname, type);
  if (type === "TXT") return records.map((strings) => [...strings]);
  const withTtl = (options as { ttl?: boolean } | undefined)?.ttl === true;
  return records.flat().map((address) => (withTtl ? { address, ttl } : address));
}
