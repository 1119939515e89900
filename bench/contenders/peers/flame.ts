import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Unavailable } from "../../harness/case.ts";
import { flameCheckout } from "../../harness/tools.ts";

const PROJECT = join(import.meta.dirname, "flame");
const BUILD = join(import.meta.dirname, "../../../node_modules/.cache/flame-elixir");

/**
 * Elixir's FLAME with one runner: two Erlang nodes on this host, one of which boots the other. Calls are made and timed in the
 * node that is the parent, which takes orders from here: see `flame/lib/bench.ex`.
 */
export interface Flame extends AsyncDisposable {
  /** Gives an order, and resolves with the numbers of its answer. Rejects when it fails. */
  ask(order: string, ...args: readonly (string | number)[]): Promise<number[]>;
}

/**
 * Compiles FLAME where that is still to be done, and starts the parent; the runner is booted by the first call.
 *
 * @param slots How many calls run on the runner at once.
 * @throws `Unavailable` where there is no Elixir, or where `FLAME_ELIXIR` names no checkout of FLAME.
 */
export async function openFlame(slots: number): Promise<Flame> {
  compile();
  const erl = `-start_epmd false -erl_epmd_port ${await freePort()} -kernel inet_dist_use_interface {127,0,0,1}`;
  const node = ["--name", "parent@127.0.0.1", "--cookie", "bench", "--erl", erl];
  const code = ["-pa", join(BUILD, "lib/flame/ebin"), "-e", `Bench.main(${slots})`];
  const child = spawn("elixir", [...node, ...code], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const answers = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    ask: async (...order) => {
      child.stdin.write(`${order.join("\t")}\n`);
      const { done, value = "" } = await answers.next();
      if (done === true || !value.startsWith("ok")) throw new Error(`FLAME does not answer "${order[0]}": ${value}`);
      return value.split(" ").slice(1).map(Number);
    },
    [Symbol.asyncDispose]: async () => {
      child.stdin.end();
      await exited;
    },
  };
}

function compile(): void {
  const checkout = flameCheckout();
  if (checkout === null) throw new Unavailable("FLAME_ELIXIR names no checkout of phoenixframework/flame");
  const { error, status, stdout, stderr } = spawnSync("mix", ["compile"], {
    cwd: PROJECT,
    env: { ...process.env, FLAME_ELIXIR: checkout, MIX_ENV: "prod", MIX_BUILD_PATH: BUILD },
    encoding: "utf8",
  });
  if (error !== undefined) throw new Unavailable("there is no Elixir in the path");
  if (status !== 0) throw new Error(`FLAME does not compile:\n${stdout}${stderr}`);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
