/** `flamelet doctor` on real apps. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));

/** Runs the command line tool and gives how it ended and all that it wrote. */
async function flamelet(...args: string[]): Promise<{ code: number | null; text: string }> {
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const child = spawn(process.execPath, [cli, ...args], { cwd: here, env, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (bytes: Buffer) => (text += bytes));
  return await new Promise((resolve) => child.once("close", (code) => resolve({ code, text })));
}

test("a healthy app gets a tick for each step", async () => {
  const { code, text } = await flamelet("doctor", "fixtures/doctor-good.ts");
  assert.equal(code, 0, text);
  assert.match(text, /✔ the app is loaded/);
  assert.match(text, /pool "good": backend process, 0 to 2 runners, 5 pieces of work/);
  assert.match(text, /✔ boot of runner good-1-\w+ started/);
  assert.match(text, /✔ runner good-1-\w+ dialled in/);
  assert.match(text, /✔ it ran a function, which called back/);
  assert.match(text, /✔ all is well/);
});

test("an app whose copy crashes is told why, in the copy's own words", async () => {
  const { code, text } = await flamelet("doctor", "fixtures/doctor-bad.ts");
  assert.equal(code, 1, text);
  assert.match(text, /✖ runner bad-1-\w+ ended before it was ready \(exit code 1\)/);
  assert.match(text, /\| .*the database is not there/);
});

test("a function that only the parent registers is named", async () => {
  const { code, text } = await flamelet("doctor", "fixtures/doctor-forgetful.ts");
  assert.equal(code, 1, text);
  assert.match(text, /✖ it does not know test\/only-in-the-parent/);
});

test("an app without pools, a wrong command and a missing entry are told apart", async () => {
  assert.match((await flamelet("doctor", "fixtures/functions.ts")).text, /has made no pool/);
  assert.deepEqual(await flamelet("doctr").then(({ code, text }) => [code, /no command "doctr"/.test(text)]), [
    2,
    true,
  ]);
  assert.deepEqual(await flamelet("doctor").then(({ code, text }) => [code, /entry module/.test(text)]), [2, true]);
  assert.equal((await flamelet("--help")).code, 0);
  assert.match((await flamelet("--version")).text, /^\d+\.\d+\.\d+/);
});
