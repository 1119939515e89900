import { connect, type NetConnectOpts } from "node:net";
import { after } from "node:test";
import type { Backend, MachineSpec, Network } from "../../src/backends/backend.ts";
import { decodeParentEnv, encodeParentEnv, type ParentEnv } from "../../src/child/parent-env.ts";
import { flame, type Pool, type PoolOptions } from "../../src/index.ts";
import { openServer } from "../../src/runner/listener-address.ts";
import { conformanceApp } from "../../src/testing/backend-suite.ts";

/** A pool of real runners, and what each of them was told of its parent: what an attacker would give much for. */
export interface Watched extends AsyncDisposable {
  readonly pool: Pool;
  readonly told: ParentEnv[];
  /** The values of `FLAME_PARENT`. */
  readonly encoded: string[];
}

const all: Watched[] = [];
// Also those of tests that failed by their timeout: what hangs in them would keep the process.
after(async () => {
  for (const one of all) await one[Symbol.asyncDispose]();
});

/** @param change What the runners are told instead, and by what backend. */
export function watched(
  options: PoolOptions = {},
  inner: Backend = flame.backend.process({ entry: conformanceApp, execArgv: [] }),
  change: (spec: MachineSpec) => MachineSpec = (spec) => spec,
): Watched {
  const told: ParentEnv[] = [];
  const encoded: string[] = [];
  const backend: Backend = {
    name: inner.name,
    network: inner.network,
    provision: (spec, signal) => {
      const value = spec.env["FLAME_PARENT"] ?? "";
      told.push(decodeParentEnv(value));
      encoded.push(value);
      return inner.provision(change(spec), signal);
    },
    destroy: (machine) => inner.destroy(machine),
    list: () => inner.list(),
  };
  // However long a test looks at something else, its runners stay.
  const stay: PoolOptions = { max: 1, maxConcurrency: 20, idleShutdownAfter: Infinity };
  const pool = flame.pool(`hostile-${all.length + 1}`, { ...stay, ...options, backend });
  const made = { pool, told, encoded, [Symbol.asyncDispose]: () => pool.close() };
  all.push(made);
  return made;
}

/** A backend whose runners have somebody on the line who writes down what is said. */
export interface Line {
  readonly backend: Backend;
  /** What runners said to their parent, and it to them: an item for each connection that is over. */
  readonly up: Buffer[];
  readonly down: Buffer[];
  /** On how many connections the runners have proved who they are. */
  proved(): number;
  close(): void;
}

/** The same backend on another network, and listened to. */
export function listenedTo(inner: Backend, network: Network): Line {
  const [up, down]: [Buffer[], Buffer[]] = [[], []];
  const closers: (() => void)[] = [];
  /** For each connection, how often its runner spoke anew after its parent had. */
  const turns: number[] = [];
  const backend: Backend = {
    name: inner.name,
    network,
    async provision(spec, signal) {
      const env = decodeParentEnv(spec.env["FLAME_PARENT"] ?? "");
      const open = await openServer(network);
      open.server.on("connection", (socket) => {
        const onward = connect(env.address as NetConnectOpts);
        for (const [end, heard] of [
          [socket, up],
          [onward, down],
        ] as const) {
          const bytes: Buffer[] = [];
          end.on("error", () => {});
          end.on("data", (chunk: Buffer) => void bytes.push(chunk));
          end.on("close", () => bytes.length > 0 && heard.push(Buffer.concat(bytes)));
        }
        const line = turns.push(0) - 1;
        let answered = true;
        onward.on("data", () => (answered = true));
        socket.on("data", () => {
          if (answered) turns[line]! += 1;
          answered = false;
        });
        socket.pipe(onward).pipe(socket);
        // A pipe whose far end has closed stops its source: that this has closed as well would not be noticed.
        onward.on("close", () => socket.resume());
        socket.on("close", () => onward.resume());
      });
      closers.push(() => open.close());
      const rewritten = { FLAME_PARENT: encodeParentEnv({ ...env, address: open.address }) };
      return await inner.provision({ ...spec, env: rewritten }, signal);
    },
    destroy: (machine) => inner.destroy(machine),
    list: () => inner.list(),
  };
  // The proof is what comes second, or fourth at the latest where TLS has two turns of its own. Signs of life follow.
  const proved = (): number => turns.filter((count) => count >= 4).length;
  return { backend, up, down, proved, close: () => closers.forEach((close) => close()) };
}
