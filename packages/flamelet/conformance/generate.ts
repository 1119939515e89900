/**
 * Runs the tests that pin rows and writes `docs/conformance.md`. With a file as its argument, it takes the results from
 * there: what `node --test --test-reporter=./conformance/reporter.ts` wrote, of these tests or of all.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import { renderTable } from "./render.ts";
import type { Result } from "./reporter.ts";
import { namedTests, PACKAGE } from "./sources.ts";

const given = process.argv[2];
const results = parse(given === undefined ? run() : readFileSync(given, "utf8"));
const { text, failures } = renderTable(results);
writeFileSync(new URL("../../docs/conformance.md", PACKAGE), text);
for (const failure of failures) console.error(failure);
process.exitCode = failures.length === 0 ? 0 : 1;

function run(): string {
  const files = [...new Set(namedTests().map(({ file }) => file))];
  const options = ["--test", "--test-timeout=120000", "--test-reporter=./conformance/reporter.ts"];
  const { stdout } = spawnSync(process.execPath, [...options, ...files], {
    cwd: PACKAGE,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
    maxBuffer: 2 ** 26,
  });
  return stdout;
}

function parse(report: string): Result[] {
  return report
    .split("\n")
    .filter((line) => line.startsWith('{"name":'))
    .map((line) => JSON.parse(line) as Result)
    .map((result) => ({ ...result, file: relative(fileURLToPath(PACKAGE), result.file) }));
}
