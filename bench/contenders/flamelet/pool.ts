import { flame, type Pool, type PoolOptions } from "flamelet";
import type { Kind } from "../own/runner-process.ts";

/** How runners are reached: as all others that are measured, or over TCP with the session encrypted. */
export type SessionKind = Kind | "tls";

const APP = new URL("./app.ts", import.meta.url);

/** A pool of one runner with as many slots as are asked for. All else is as users get it. */
export function openPool(kind: SessionKind, options: PoolOptions, entry: URL = APP): Pool {
  return flame.pool("bench", { max: 1, backend: processBackend(kind, entry), ...options });
}

/** The process backend: over a Unix socket, as it is, or over TCP or TLS, as those backends are whose runners are elsewhere. */
export function processBackend(kind: SessionKind, entry: URL = APP): ReturnType<typeof flame.backend.process> {
  const backend = flame.backend.process({ entry, execArgv: [] });
  if (kind === "unix") return backend;
  return {
    name: backend.name,
    network: { kind: "tcp", host: "127.0.0.1", encrypted: kind === "tcp" },
    provision: (spec, signal) => backend.provision(spec, signal),
    destroy: (machine) => backend.destroy(machine),
    list: () => backend.list(),
  };
}
