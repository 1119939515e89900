import { resolve } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { parseArgs } from "node:util";
import type { Fault } from "../faults/faults.ts";
import { faultFromWords } from "../faults/parse-fault.ts";
import type { LogLine } from "../world/logs.ts";
import { ask, findRunning } from "./running.ts";
import { logText, say, table } from "./say.ts";
import { UsageError } from "./usage.ts";

const COMMON = {
  url: { type: "string" },
  token: { type: "string" },
  json: { type: "boolean", default: false },
} as const;

/** `image`: registers one, or lists them. */
export async function image(args: string[]): Promise<void> {
  const split = args.indexOf("--");
  const command = split === -1 ? undefined : args.slice(split + 1);
  const { values, positionals } = parseArgs({
    args: split === -1 ? args : args.slice(0, split),
    options: {
      ...COMMON,
      folder: { type: "string" },
      env: { type: "string", multiple: true, default: [] as string[] },
    },
    allowPositionals: true,
  });
  const running = findRunning(values);
  const [ref] = atMost(1, positionals);
  if (ref === undefined) {
    const images = (await (await ask(running, "GET", "/images")).json()) as Record<
      "ref" | "digest" | "folder",
      string
    >[];
    if (values.json) return say(JSON.stringify(images));
    return say(
      table(
        ["IMAGE", "DIGEST", "FOLDER"],
        images.map((each) => [each.ref, each.digest.slice(0, 19), each.folder]),
      ),
    );
  }
  const made = (await (
    await ask(running, "POST", "/images", {
      ref,
      // A command runs where it was registered, as a folder is taken from there.
      folder: resolve(values.folder ?? "."),
      ...(command === undefined ? {} : { command }),
      env: Object.fromEntries(values.env.map(pair)),
    })
  ).json()) as { ref: string; digest: string };
  say(values.json ? JSON.stringify(made) : `${made.ref}@${made.digest}`);
}

/** `ps`: the machines. */
export async function ps(args: string[]): Promise<void> {
  const { values } = parseArgs({ args, options: { ...COMMON, app: { type: "string" } } });
  const state = (await (await ask(findRunning(values), "GET", "/state")).json()) as {
    apps: { name: string; machines: Record<"id" | "name" | "state" | "region" | "private_ip" | "image", string>[] }[];
  };
  const apps = state.apps.filter(({ name }) => values.app === undefined || name === values.app);
  if (values.json) return say(JSON.stringify(apps));
  const rows = apps.flatMap(({ name, machines }) =>
    machines.map((each) => [name, each.id, each.name, each.state, each.region, each.private_ip, each.image]),
  );
  say(table(["APP", "MACHINE", "NAME", "STATE", "REGION", "ADDRESS", "IMAGE"], rows));
}

/** `logs`: what machines wrote, and with `--follow` what they write. */
export async function logs(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      ...COMMON,
      app: { type: "string" },
      machine: { type: "string" },
      limit: { type: "string" },
      follow: { type: "boolean", short: "f", default: false },
    },
  });
  const { app, machine, limit, follow } = values;
  const wanted = { app, machine, limit, follow: String(follow) };
  const query = new URLSearchParams(
    Object.entries(wanted).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const response = await ask(findRunning(values), "GET", `/logs?${query.toString()}`);
  const lines = createInterface({ input: Readable.fromWeb(response.body as import("node:stream/web").ReadableStream) });
  for await (const line of lines) say(values.json ? line : logText(JSON.parse(line) as LogLine));
}

/** `fault`: lists, adds or clears. */
export async function fault(args: string[]): Promise<void> {
  const { values, positionals } = parseArgs({ args, options: COMMON, allowPositionals: true });
  const [verb = "list", ...rest] = positionals;
  if (verb === "clear") {
    const [id] = atMost(1, rest);
    await ask(findRunning(values), "DELETE", id === undefined ? "/faults" : `/faults/${encodeURIComponent(id)}`);
    return;
  }
  if (verb === "list") {
    atMost(0, rest);
    const faults = (await (await ask(findRunning(values), "GET", "/faults")).json()) as Fault[];
    if (values.json) return say(JSON.stringify(faults));
    return say(
      table(
        ["FAULT", "KIND", "STRUCK", "ONLY"],
        faults.map((each) => [each.id, each.kind, String(each.struck), limitsOf(each)]),
      ),
    );
  }
  const spec = faultFromWords(positionals);
  const made = (await (await ask(findRunning(values), "POST", "/faults", spec)).json()) as Fault;
  say(values.json ? JSON.stringify(made) : made.id);
}

function limitsOf({ id: _id, kind: _kind, struck: _struck, ...limits }: Fault): string {
  return Object.entries(limits)
    .map(([name, value]) => `${name}=${value}`)
    .join(" ");
}

function pair(text: string): [string, string] {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`write --env NAME=value, not "${text}"`);
  return [text.slice(0, at), text.slice(at + 1)];
}

function atMost(count: number, words: readonly string[]): readonly string[] {
  if (words.length > count) throw new UsageError(`what is "${words[count]}"? (before a command of an image, write --)`);
  return words;
}
