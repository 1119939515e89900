import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { newestResults } from "../harness/results-folder.ts";
import { pageOf, pageSource } from "../harness/page.ts";

const folder = join(import.meta.dirname, "..");

function bench(...args: string[]): { status: number | null; stdout: string; stderr: string } {
  return spawnSync(process.execPath, [join(folder, "main.ts"), ...args], { encoding: "utf8" });
}

test("a case that does not exist is an error that says which do", () => {
  const { status, stderr } = bench("warm-cal");
  assert.equal(status, 2);
  assert.match(stderr, /there is no case "warm-cal"; there are warm-call, throughput/);
});

test("options that cannot be are errors", () => {
  assert.match(bench("--rounds", "0").stderr, /--rounds must be a whole number ≥ 1, and is "0"/);
  assert.match(bench("--save", "../x").stderr, /--save must be letters/);
  assert.match(bench("--publish", "--short").stderr, /--publish is for a whole run/);
  assert.match(bench("--round").stderr, /Unknown option '--round'/);
});

test("--help and --list tell what there is", () => {
  assert.match(bench("--help").stdout, /--rounds N/);
  assert.match(bench("--list").stdout, /warm-call: .*\n.*tcp-batch echo; .*flamelet, TCP/);
});

test("a run prints a table, and writes it as JSON and as a plot", () => {
  const save = `test-${process.pid}`;
  const paths = ["json", "svg"].map((extension) => join(folder, "results", `${save}.${extension}`));
  try {
    const { status, stdout, stderr } = bench("pool-step", "--short", "--save", save);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /1000 runners\s+\d/);
    assert.ok(paths.every(existsSync));
    const [json = "", svg = ""] = paths.map((path) => readFileSync(path, "utf8"));
    assert.equal((JSON.parse(json) as { cases: { name: string }[] }).cases[0]?.name, "pool-step");
    assert.match(svg, /^<svg .*>[^]*1000 runners[^]*<\/svg>\n$/);
  } finally {
    for (const path of paths) rmSync(path, { force: true });
  }
});

test("the page of the docs is what the run gives that it names", (t) => {
  const source = pageSource();
  if (source === null) return t.skip("no run was published yet");
  assert.equal(source, newestResults(), "there is a newer run: npm run docs -w bench");
  const page = readFileSync(join(folder, "../docs/benchmarks.md"), "utf8");
  assert.equal(page, pageOf(source), "it was edited, or its run was: npm run docs -w bench");
});
