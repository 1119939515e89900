/** A minute of `npm run soak`. */
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("a minute of churn leaves the parent the size it was", { timeout: 180_000 }, async () => {
  const script = fileURLToPath(new URL("../../chaos/soak.ts", import.meta.url));
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const soak = spawn(process.execPath, ["--expose-gc", "--max-semi-space-size=1", script, "--minutes", "1"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  soak.stdout.on("data", (bytes: Buffer) => (text += bytes));
  const code = await new Promise((resolve) => soak.once("close", resolve));
  const figures = text
    .split("\n")
    .filter((line) => !line.startsWith("["))
    .join("\n");
  assert.equal(code, 0, figures);
  assert.match(figures, /pieces of work/);
});
