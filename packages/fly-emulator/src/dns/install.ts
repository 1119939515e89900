import type { NameServer } from "./client.ts";
import { patchDns } from "./patch-dns.ts";
import { patchListen } from "./patch-listen.ts";
import { patchConnect } from "./patch-connect.ts";
import { Lookups } from "./lookups.ts";

/** Makes this process see Fly's private network: its names, and its own address as the one that it listens on. */
export function install(server: NameServer): void {
  const lookups = new Lookups(server);
  patchDns(lookups);
  patchConnect(lookups);
  if (server.from !== undefined) patchListen(server.from);
}
