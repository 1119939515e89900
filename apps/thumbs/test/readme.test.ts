import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { readConfig } from "../src/read-config.ts";

const read = (path: string): Promise<string> => readFile(new URL(`../${path}`, import.meta.url), "utf8");

test("the diff that the README shows is true", async () => {
  const diff = /```diff\n(.*?)```/s.exec(await read("README.md"))?.[1] ?? "";
  let source: string[] = [];
  let checked = 0;
  for (const line of diff.trimEnd().split("\n")) {
    if (line.startsWith("--- ")) continue;
    if (line.startsWith("+++ ")) source = (await read(line.slice(4))).split("\n");
    else {
      assert.equal(source.includes(line.slice(1)), line.startsWith("+"), line);
      checked++;
    }
  }
  assert.ok(checked >= 6);
});

test("the README tells each variable with its default", async () => {
  const readme = await read("README.md");
  for (const name of (await read("src/read-config.ts")).match(/"[A-Z_]{4,}"/g) ?? []) {
    assert.ok(readme.includes(`\`${name.slice(1, -1)}\``), name);
  }
  const { maxVideoSeconds, runnerIdleMs, maxRunners } = readConfig({}, "/data");
  for (const [name, value] of Object.entries({
    MAX_VIDEO_SECONDS: maxVideoSeconds,
    RUNNER_IDLE_MS: runnerIdleMs,
    MAX_RUNNERS: maxRunners,
  })) {
    assert.match(readme, new RegExp(`\`${name}\` \\| ${value} \\|`));
  }
});
