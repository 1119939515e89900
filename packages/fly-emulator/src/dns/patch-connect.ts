import type { LookupAddress, LookupOptions } from "node:dns";
import { Socket } from "node:net";
import type { Lookups } from "./lookups.ts";

type LookupCallback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

/**
 * Node's sockets and `fetch` ask `dns.lookup` for an address, which is patched; those of Bun and Deno do not, and are told
 * the address.
 */
export function patchConnect(lookups: Lookups): void {
  if (process.versions["bun"] === undefined && process.versions["deno"] === undefined) return;
  patchSocket(lookups);
  patchFetch(lookups);
}

/** `net.connect` takes a function for lookups. */
function patchSocket(lookups: Lookups): void {
  const original = Socket.prototype.connect as (this: Socket, ...args: unknown[]) => Socket;
  const lookup = (hostname: string, options: LookupOptions, callback: LookupCallback): void => {
    lookups.lookup(hostname, options).then(
      (found) => {
        const [first] = found as [LookupAddress];
        if (options.all === true) callback(null, found);
        else callback(null, first.address, first.family);
      },
      (error: Error) => callback(error),
    );
  };
  Socket.prototype.connect = function (this: Socket, ...args: unknown[]): Socket {
    const at = Array.isArray(args[0]) ? (args[0] as unknown[]) : args;
    const [first, second] = at;
    if (typeof first === "object" && first !== null && lookups.owns((first as { host?: unknown }).host)) {
      at[0] = { lookup, ...first };
    } else if (lookups.owns(second)) {
      at.splice(0, 2, { port: Number(first), host: second, lookup });
    }
    return original.apply(this, args);
  };
}

/** `fetch` gets the address in place of the name, and the name as `Host`. */
function patchFetch(lookups: Lookups): void {
  const original = globalThis.fetch;
  const patched = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = input instanceof Request ? input : null;
    const url = new URL(request?.url ?? String(input));
    if (!lookups.owns(url.hostname)) return original(input, init);
    const { host } = url;
    const [found] = await lookups.lookup(url.hostname, {});
    url.hostname = found?.family === 6 ? `[${found.address}]` : (found?.address ?? "");
    const headers = new Headers(init?.headers ?? request?.headers);
    headers.set("host", host);
    return original(request === null ? url : new Request(url, request), { ...init, headers });
  };
  globalThis.fetch = Object.assign(patched, original) as typeof fetch;
}
