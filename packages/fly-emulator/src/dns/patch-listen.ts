import { Server, type ListenOptions } from "node:net";

/** What means "every address that there is here"; a machine on Fly has but its own. */
const EVERYWHERE = new Set<unknown>([undefined, null, "", "0.0.0.0", "::", "[::]"]);

/**
 * Lets a server that listens everywhere listen on the machine's own address. All machines of an emulator share this host's
 * loopback, where two of them cannot listen everywhere on one port.
 */
export function patchListen(address: string): void {
  const original = Server.prototype.listen as (this: Server, ...args: unknown[]) => Server;
  Server.prototype.listen = function (this: Server, ...args: unknown[]): Server {
    return original.call(this, ...atAddress(args, address));
  };
  patchServe("Bun", address, 0);
  patchServe("Deno", address, 0);
}

/** The arguments of `listen`, with the address in them where they meant all addresses. */
export function atAddress(args: readonly unknown[], address: string): unknown[] {
  const [first, second, ...rest] = args;
  if (typeof first === "object" && first !== null) {
    const options = first as ListenOptions & { fd?: number };
    if (options.port === undefined || !EVERYWHERE.has(options.host)) return [...args];
    return [{ ...options, host: address }, ...args.slice(1)];
  }
  if (first === undefined || first === null || typeof first === "function") return [0, address, ...args];
  const isPort = typeof first === "number" || (typeof first === "string" && /^\d+$/.test(first));
  if (!isPort) return [...args];
  if (typeof second === "string") return EVERYWHERE.has(second) ? [first, address, ...rest] : [...args];
  // The host was left out: what follows the port is the backlog or the callback.
  return [first, address, ...args.slice(1)];
}

/** `Bun.serve(options)`, `Deno.serve(options, handler)`. */
function patchServe(runtime: "Bun" | "Deno", address: string, at: number): void {
  const host = (globalThis as Record<string, unknown>)[runtime] as Record<string, unknown> | undefined;
  const serve = host?.["serve"] as ((...args: unknown[]) => unknown) | undefined;
  if (host === undefined || serve === undefined) return;
  const patched = (...args: unknown[]): unknown => {
    const options = args[at];
    if (typeof options !== "object" || options === null) return serve.call(host, { hostname: address }, ...args);
    const { hostname, unix, path } = options as { hostname?: string; unix?: string; path?: string };
    if (unix !== undefined || path !== undefined || !EVERYWHERE.has(hostname)) return serve.apply(host, args);
    // Bun reads its handlers from the very object.
    return serve.call(host, Object.assign(Object.create(options), { hostname: address }), ...args.slice(1));
  };
  host["serve"] = patched;
}
