import type { Result } from "./reporter.ts";
import { type Row, ROWS, rowsOf } from "./rows.ts";

/** Above this many tests of one file, a row only says how many there are. */
const MOST_LISTED = 5;

const HEAD = `# Conformance

What the tests of the reference implementation of FLAME (Elixir's [flame](https://github.com/phoenixframework/flame) 0.5.3) pin,
and what pins it here. Rows F are about callers and pools, R about runners, Q about the queue, B about backends. Rows D are
defects that showed when the reference was put under faults: here, a test holds the opposite.

This file is generated: \`npm run conformance --workspace packages/flamelet\` runs the tests and writes it again.
`;

/** The document, and what is wrong with the results: tests that failed, and rows without any. */
export function renderTable(results: readonly Result[]): { text: string; failures: string[] } {
  const failures: string[] = [];
  const lines = ROWS.map((row) => {
    const tests = results.filter(({ name }) => rowsOf(name).includes(row.id));
    const failed = tests.filter(({ passed }) => !passed);
    const missing = row.kind !== "none" && tests.length === 0;
    for (const { file, name } of failed) failures.push(`${file}: "${name}" failed`);
    if (missing) failures.push(`no test of ${row.id} ran`);
    const verdict = failed.length > 0 || missing ? "**fail**" : "pass";
    return line(row.id, behaviour(row), listed(tests), row.kind === "none" ? "–" : verdict);
  });
  const table = [line("row", "behaviour", "test", "result"), line("---", "---", "---", "---"), ...lines].join("\n");
  return { text: `${HEAD}\n${summary(results, failures.length)}\n\n${table}\n`, failures };
}

function line(...cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function behaviour({ kind, behaviour, note }: Row): string {
  const text = note === undefined ? behaviour : `${behaviour} *${note}*`;
  return kind === "none" ? `Does not apply: ${text}` : text;
}

function listed(tests: readonly Result[]): string {
  const files = Object.entries(Object.groupBy(tests, ({ file }) => file));
  return files
    .map(([file, found = []]) => {
      const link = `[${file.replace("test/", "")}](../packages/flamelet/${file})`;
      if (found.length > MOST_LISTED) return `${link}: ${found.length} tests`;
      return `${link}: ${found.map(({ name }) => escaped(withoutRows(name))).join("; ")}`;
    })
    .join("<br>");
}

function withoutRows(name: string): string {
  return name.slice(name.indexOf(": ") + 2);
}

function escaped(text: string): string {
  return text.replace(/[<>*_`\\]/g, "\\$&");
}

function summary(results: readonly Result[], failures: number): string {
  const applying = ROWS.filter(({ kind }) => kind !== "none");
  const count = (wanted: Row["kind"]): number => ROWS.filter(({ kind }) => kind === wanted).length;
  const tests = results.filter(({ name }) => rowsOf(name).length > 0).length;
  const verdict = failures === 0 ? "all pass" : `${failures} **fail**`;
  return (
    `${applying.length} of ${ROWS.length} rows apply (${count("same")} as they are, ${count("adapted")} adapted, ` +
    `${count("negative")} defects), ${count("none")} do not. ${tests} tests, ${verdict}.`
  );
}
