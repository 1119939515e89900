import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { TestContext } from "node:test";
import { type Emulator, type EmulatorOptions, noTimes, startEmulator } from "../src/index.ts";
import { Witness } from "./openapi/witness.ts";

/** The image of the tests: `fixtures/app.mjs`. */
export const IMAGE = "registry.fly.io/demo:1";
const app = fileURLToPath(new URL("./fixtures/app.mjs", import.meta.url));

export interface Answer {
  readonly status: number;
  readonly body: any;
  readonly headers: Headers;
}

/** An emulator of a test's own, with one app, `demo`, and its image; it ends with the test. */
export class Fly {
  readonly emulator: Emulator;
  /** The lines that are waited for. */
  readonly #awaited = new Set<RegExp>();
  /** The base URL; whatever passes it is checked against the OpenAPI document. */
  readonly url: string;

  constructor(emulator: Emulator, url: string) {
    this.emulator = emulator;
    this.url = url;
  }

  /** Calls the Machines API. */
  async call(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const { token } = this.emulator;
    const response = await fetch(`${this.url}/v1${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get("content-type")?.startsWith("application/json");
    return { status: response.status, body: isJson ? JSON.parse(text) : text, headers: response.headers };
  }

  /** Calls it, and fails unless the answer is a success. */
  async ok(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<any> {
    const answer = await this.call(method, path, body, headers);
    assert.ok(answer.status < 300, `${method} ${path} answered ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
  }

  /** Makes a machine of the app `demo`. */
  async create(config: object = {}, rest: object = {}): Promise<any> {
    return this.ok("POST", "/apps/demo/machines", { config: { image: IMAGE, ...config }, ...rest });
  }

  /** Waits until it is in that state. */
  async reach({ id }: { id: string }, state: string): Promise<void> {
    await this.ok("GET", `/apps/demo/machines/${id}/wait?state=${state}&timeout=60`);
  }

  /** Waits for a line of its log. */
  async line(machine: { id: string } | null, pattern: RegExp): Promise<string> {
    const { world } = this.emulator;
    const fits = (line: { machine: string | null; text: string }): boolean =>
      (machine === null || line.machine === machine.id) && pattern.test(line.text);
    const found = world.logs.find({}).find(fits);
    if (found !== undefined) return found.text;
    this.#awaited.add(pattern);
    return new Promise((resolve) => {
      const look = (line: { machine: string | null; text: string }): void => {
        if (!fits(line)) return;
        world.events.off("log", look);
        this.#awaited.delete(pattern);
        resolve(line.text);
      };
      world.events.on("log", look);
    });
  }

  /** A line that never came is told with those that came: nobody else says what a test waited for that ran out of time. */
  tellAwaited(): void {
    if (this.#awaited.size === 0) return;
    const said = this.emulator.world.logs.find({}).map(({ text }) => text);
    console.error(`no line was like ${[...this.#awaited].join(" or ")}:\n${said.join("\n")}`);
  }

  /** What the process in it answers. */
  async ask(machine: { id: string }): Promise<any> {
    const ready = await this.line(machine, /^ready on /);
    return (await fetch(ready.slice("ready on ".length))).json();
  }
}

export async function fly(t: TestContext, options: EmulatorOptions = {}): Promise<Fly> {
  const images = { [IMAGE]: { command: [process.execPath, app], env: { FROM_IMAGE: "yes" } }, ...options.images };
  const emulator = await startEmulator({ times: noTimes, rateLimit: false, ...options, images });
  const witness = new Witness(emulator.url);
  await witness.listen();
  const made = new Fly(emulator, witness.url);
  t.after(async () => {
    made.tellAwaited();
    witness.close();
    await emulator.close();
    assert.deepEqual([...witness.violations], [], "differences from the OpenAPI document that are not allowed");
  });
  emulator.world.createApp({ name: "demo", org: "personal" });
  return made;
}

/** Whether a process runs: one that has ended and waits for its parent to notice does not. */
export function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !existsSync(`/proc/${pid}`) || !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return false;
  }
}
