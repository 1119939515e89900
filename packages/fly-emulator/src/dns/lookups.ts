import type { LookupAddress, LookupOptions } from "node:dns";
import { ask, type NameServer } from "./client.ts";
import { asIPv6, isInternalName } from "./answer.ts";

/** The name by which a machine knows its own private address: Fly writes it into `/etc/hosts`. */
const OWN_ADDRESS = "fly-local-6pn";

/** Which of the names that a process asks for are answered here, and how. */
export class Lookups {
  readonly #server: NameServer;

  constructor(server: NameServer) {
    this.#server = server;
  }

  /** Whether a name is Fly's own. */
  owns(name: unknown): name is string {
    return (
      typeof name === "string" && (isInternalName(name) || (name === OWN_ADDRESS && this.#server.from !== undefined))
    );
  }

  /** As `dns.lookup` finds it. */
  async lookup(hostname: string, options: LookupOptions): Promise<LookupAddress[]> {
    const family = options.family === "IPv4" ? 4 : options.family === "IPv6" ? 6 : (options.family ?? 0);
    if (hostname === OWN_ADDRESS) return [own(this.#server.from as string)];
    const found = await ask(this.#server, hostname, "AAAA");
    if ("records" in found && family !== 4) return found.records.flat().map((address) => ({ address, family: 6 }));
    const code = "error" in found && found.error === "ETIMEOUT" ? "EAI_AGAIN" : "ENOTFOUND";
    const errno = code === "ENOTFOUND" ? -3008 : -3001;
    const error = new Error(`getaddrinfo ${code} ${hostname}`);
    throw Object.assign(error, { errno, code, syscall: "getaddrinfo", hostname });
  }

  /** As `dns.resolve` finds it. */
  async resolve(hostname: string, type: string): Promise<{ records: readonly (readonly string[])[]; ttl: number }> {
    const asked = type === "TXT" ? "TXT" : "AAAA";
    const found = await ask(this.#server, hostname, asked);
    if ("records" in found && type === asked) return found;
    const code = "error" in found ? found.error : "ENODATA";
    const syscall = `query${type.charAt(0)}${type.slice(1).toLowerCase()}`;
    throw Object.assign(new Error(`${syscall} ${code} ${hostname}`), { errno: undefined, code, syscall, hostname });
  }
}

/** A process binds to what it finds under its own name, which must be the address as the host has it. */
function own(address: string): LookupAddress {
  return address.includes(":") ? { address: asIPv6(address), family: 6 } : { address, family: 4 };
}
