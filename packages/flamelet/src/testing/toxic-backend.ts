import type { Backend, Machine, MachineListing, MachineSpec, Network } from "../backends/backend.ts";
import { decodeParentEnv, encodeParentEnv } from "../child/parent-env.ts";
import { helloKind, HELLO_KIND_BYTES } from "../session/hello.ts";
import { ToxicProxy } from "./toxic-proxy.ts";
import { Toxics } from "./toxics.ts";

/**
 * A backend whose runners reach their parent through a toxic proxy: another backend, but for the address that its runners
 * are told. A runner has two connections, and each can be poisoned by itself. Where the session is encrypted they look the
 * same from outside, and `main` is for both.
 *
 * ```ts
 * await using toxic = new ToxicBackend(flame.backend.process({ entry }));
 * const pool = flame.pool("test", { backend: toxic });
 * using _ = toxic.main.add({ kind: "latency", ms: 50 });
 * ```
 */
export class ToxicBackend implements Backend, AsyncDisposable {
  readonly name: string;
  readonly network: Network;
  /** Toxics of the connections that carry calls. */
  readonly main: Toxics = new Toxics();
  /** Toxics of the connections of the watchdog threads, which carry signs of life and hold the leases. */
  readonly watchdog: Toxics = new Toxics();
  readonly #backend: Backend;
  readonly #proxies = new Map<string, Promise<ToxicProxy>>();

  /** @param network How runners reach the proxy, and the proxy the parent. Default: as the backend has it. */
  constructor(backend: Backend, network: Network = backend.network) {
    this.name = backend.name;
    this.network = network;
    this.#backend = backend;
  }

  async provision(spec: MachineSpec, signal: AbortSignal): Promise<Machine> {
    const env = decodeParentEnv(spec.env["FLAME_PARENT"] ?? "");
    const { address } = await this.#proxyTo(env.address);
    const rewritten = { ...spec.env, FLAME_PARENT: encodeParentEnv({ ...env, address }) };
    return await this.#backend.provision({ ...spec, env: rewritten }, signal);
  }

  destroy(machine: Pick<Machine, "id">): Promise<void> {
    return this.#backend.destroy(machine);
  }

  list(): Promise<readonly MachineListing[]> {
    return this.#backend.list();
  }

  /** Takes all toxics off. */
  clear(): void {
    this.main.clear();
    this.watchdog.clear();
  }

  /** Closes the proxies, and with them the connections of runners that still live. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#proxies.values()].map(async (opening) => (await opening).close()));
  }

  /** One proxy for each address that the parent ever listened on. */
  #proxyTo(target: ToxicProxy["address"]): Promise<ToxicProxy> {
    const key = JSON.stringify(target);
    let opening = this.#proxies.get(key);
    if (opening === undefined) {
      const choose = (first: Buffer): Toxics => (helloKind(first) === "watchdog" ? this.watchdog : this.main);
      opening = ToxicProxy.open({ target, network: this.network, peek: { bytes: HELLO_KIND_BYTES, choose } });
      this.#proxies.set(key, opening);
    }
    return opening;
  }
}
