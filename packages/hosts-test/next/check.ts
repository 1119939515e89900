/**
 * `npm run test:next`: builds the app of `fixtures/next` with Turbopack and with webpack, starts it, and has its route handler
 * and its server action run closures on a runner. It installs Next into a folder of its own: that, and two builds, take
 * longer than the tests that run each time.
 */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { inThisPackage } from "../test/support/paths.ts";
import { output } from "../test/support/run-app.ts";

const PACKAGES = ["next@16.4.6", "react@19.3.1", "react-dom@19.3.1", "unplugin@3.7.0"];
const TYPES = ["typescript@7.0.2", "@types/node@24", "@types/react@19"];

/** How long to install or to build may take, in ms, on a machine that has other things to do. */
const BUILD = 600_000;

const root = await mkdtemp(join(tmpdir(), "flamelet-next-"));
const next = join(root, "node_modules/next/dist/bin/next");

try {
  await cp(inThisPackage("fixtures/next"), root, { recursive: true });
  await writeFile(join(root, "package.json"), '{ "name": "next-app", "type": "module" }');
  // Turbopack follows no link that leads out of the project.
  const install = [
    "install",
    "--install-links",
    "--ignore-scripts",
    ...PACKAGES,
    ...TYPES,
    inThisPackage("../flamelet"),
  ];
  await output({ file: "npm", args: install, cwd: root, timeout: BUILD });
  for (const builder of ["--turbopack", "--webpack"]) {
    await output({ args: [next, "build", builder], cwd: root, env: { NEXT_TELEMETRY_DISABLED: "1" }, timeout: BUILD });
    await serves();
    console.log(`next build ${builder}: its route handler and its server action run on a runner`);
  }
} finally {
  await rm(root, { recursive: true, force: true });
}

async function serves(): Promise<void> {
  const written = join(root, "action.json");
  const env = { ...process.env, ACTION_FILE: written, NEXT_TELEMETRY_DISABLED: "1" };
  const server = spawn(process.execPath, [next, "start", "--port", "0"], { cwd: root, env });
  try {
    const address = await addressOf(server.stdout);
    const route = (await (await fetch(`${address}/api/run?name=you`)).json()) as Record<string, unknown>;
    assert.equal(route["text"], "hello you");
    assert.equal(route["isRunner"], true);
    assert.notEqual(route["pid"], route["parent"]);

    const page = await (await fetch(address)).text();
    const form = new FormData();
    form.set(/\$ACTION_ID_[0-9a-f]+/.exec(page)?.[0] ?? "", "");
    form.set("name", "me");
    const posted = await fetch(address, { method: "POST", headers: { Origin: address }, body: form });
    assert.equal(posted.status, 200);
    assert.deepEqual(JSON.parse(await readFile(written, "utf8")), { text: "action for me", isRunner: true });
  } finally {
    const gone = once(server, "exit");
    server.kill();
    await gone;
  }
}

/** Resolves when Next is ready, with where it listens. Its output is read to its end. */
function addressOf(stdout: Readable): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    stdout.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const address = /http:\/\/localhost:\d+/.exec(text)?.[0];
      if (address !== undefined && text.includes("Ready")) resolve(address);
    });
    stdout.once("end", () => reject(new Error(`Next did not start: ${text}`)));
  });
}
