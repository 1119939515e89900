import { cases } from "./cases/all.ts";
import type { Case } from "./harness/case.ts";
import { pinnedCore, thisMachine } from "./harness/machine.ts";
import { type CaseResult, resultOf, type RunResult } from "./harness/result.ts";
import { writeResults } from "./harness/results-folder.ts";
import { measureRounds } from "./harness/rounds.ts";
import { caseTable, minutes, tally } from "./harness/table.ts";
import { writePage } from "./harness/page.ts";
import { HELP, type Options, readOptions } from "./options.ts";

let options: Options;
try {
  options = readOptions(process.argv.slice(2));
} catch (error) {
  console.error(`${(error as Error).message}\n\n${HELP}`);
  process.exit(2);
}
if (options.action === "help") console.log(HELP);
else if (options.action === "list") await list();
else await run(options);

async function list(): Promise<void> {
  for (const [name, load] of Object.entries(cases)) {
    const { title, contenders } = await load();
    console.log(`${name}: ${title}\n    ${Object.keys(contenders).join("; ")}`);
  }
}

async function run({ cases: names, rounds, short, only, save, publish }: Options): Promise<void> {
  const machine = thisMachine();
  const core = pinnedCore();
  console.log(`${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB, ${machine.os}, Node ${machine.node}`);
  console.log(
    Object.entries(machine.versions)
      .map((each) => each.join(" "))
      .join(", "),
  );
  if (core === null) console.log("Processes cannot be pinned here: latency includes the wake-ups of other cores.");
  // A busy neighbour is not visible in any single number.
  if (machine.load > 0.5) console.log(`The machine is busy (load ${machine.load}): trust the ratios only, if these.`);
  const results: CaseResult[] = [];
  const failures: string[] = [];
  for (const name of names) {
    const each = selected(await (cases[name] as () => Promise<Case>)(), only);
    const started = performance.now();
    try {
      const measured = await measureRounds(name, each, {
        rounds,
        short,
        core,
        onProgress: ({ contender }, round) => progress(`${name}, round ${round + 1} of ${rounds}: ${contender}`),
      });
      progress("");
      results.push(resultOf(name, each, measured, (performance.now() - started) / 1000));
      console.log(caseTable(results.at(-1) as CaseResult));
    } catch (error) {
      progress("");
      failures.push(name);
      console.error(`\n${name} failed: ${(error as Error).message}`);
    }
  }
  const result: RunResult = { date: new Date().toISOString(), rounds, short, core, machine, cases: results };
  console.log(`\n${tally(results)} It took ${minutes(results)}.\n${writeResults(result, save).join("\n")}`);
  if (publish && failures.length === 0) console.log(writePage(save));
  if (failures.length === 0) return;
  console.error(`failed: ${failures.join(", ")}`);
  process.exitCode = 1;
}

function selected(each: Case, only: string | null): Case {
  if (only === null) return each;
  const wanted = ([name]: [string, unknown]): boolean => name === each.yardstick || name.includes(only);
  return { ...each, contenders: Object.fromEntries(Object.entries(each.contenders).filter(wanted)) };
}

/** One line that is written over, where somebody looks at it. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
}
