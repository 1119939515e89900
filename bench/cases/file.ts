import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createReadStream, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Kind } from "../contenders/own/runner-process.ts";
import type { Case, Contender, Goal, Role, Size } from "../harness/case.ts";
import { FLAME } from "../harness/flame-contender.ts";

const MB = 2 ** 20;
const TCP = "pipeline, TCP";
const UNIX = "pipeline, Unix socket";

export const file: Case = {
  title: "A file here becomes a file there",
  about:
    "256 MB, read and written by Node's file streams as they are (64 KiB at a time), until the last byte is written.",
  cores: "all",
  metrics: { "MB/s": { unit: "MB/s", better: "higher" } },
  yardstick: TCP,
  contenders: {
    [TCP]: transfers("limit", (to) => plain("tcp", to)),
    [UNIX]: transfers("limit", (to) => plain("unix", to)),
    "flamelet, TCP": transfers("flamelet", (to) => flamelet("tcp", to)),
    "flamelet, Unix socket": transfers("flamelet", (to) => flamelet("unix", to)),
    [FLAME]: transfers("peer", elixir),
  },
  goals: [goal("flamelet, TCP", TCP), goal("flamelet, Unix socket", UNIX)],
};

/** Gets ready to write that file, and gives what then sends the other one. */
type Open = (to: string) => Promise<(from: string) => Promise<void>>;

function transfers(role: Role, open: Open): Contender {
  return {
    role,
    measure: async (size: Size) => {
      const bytes = size.pick(256, 8) * MB;
      const name = join(tmpdir(), `bench-${randomBytes(6).toString("hex")}`);
      const [from, to] = [`${name}.from`, `${name}.to`];
      try {
        writeFileSync(from, Buffer.alloc(bytes, 1));
        const transfer = await open(to);
        const started = performance.now();
        await transfer(from);
        const rate = bytes / 1000 / (performance.now() - started);
        if (statSync(to).size !== bytes) throw new Error("the file did not arrive as it was");
        return { "MB/s": rate };
      } finally {
        rmSync(from, { force: true });
        rmSync(to, { force: true });
      }
    },
  };
}

async function plain(kind: Kind, to: string): ReturnType<Open> {
  const { startRunner } = await import("../contenders/own/runner-process.ts");
  const module = new URL("../contenders/own/file-runner.ts", import.meta.url);
  const { socket, child } = await startRunner(module, kind, [to]);
  return async (from) => {
    const exited = once(child, "exit");
    await pipeline(createReadStream(from), socket);
    await exited;
  };
}

async function flamelet(kind: Kind, to: string): ReturnType<Open> {
  const { flame } = await import("flamelet");
  const { noop, receiveFile } = await import("../contenders/flamelet/app.ts");
  const { openPool } = await import("../contenders/flamelet/pool.ts");
  const pool = openPool(kind, { timeout: Infinity });
  await flame.call(pool, noop);
  return (from) => flame.call(pool, receiveFile, createReadStream(from), to);
}

async function elixir(to: string): ReturnType<Open> {
  const { openFlame } = await import("../contenders/peers/flame.ts");
  const flame = await openFlame(1);
  await flame.ask("pids");
  return async (from) => {
    await flame.ask("file", from, to);
    await flame[Symbol.asyncDispose]();
  };
}

function goal(of: string, contender: string): Goal {
  return { metric: "MB/s", of, over: { contender, by: "ratio" }, solid: 0.8, goal: 0.95 };
}
