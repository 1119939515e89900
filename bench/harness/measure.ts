/**
 * The process in which one contender is measured once: `node measure.ts <case> <contender> [--short]`. Tells its parent over
 * the IPC channel what it measured, or why it could not; without a parent it prints that, for profilers and the curious.
 */
import { cases } from "../cases/all.ts";
import { sizeOf } from "./size.ts";
import { type Metrics, Unavailable } from "./case.ts";

/** What a measuring process says. */
export type Outcome = { readonly metrics: Metrics } | { readonly unavailable: string };

// Nobody is left who wants to know.
process.on("disconnect", () => process.exit(1));
const [caseName = "", contenderName = "", flag] = process.argv.slice(2);
const contender = (await cases[caseName]?.())?.contenders[contenderName];
if (contender === undefined) throw new Error(`there is no contender "${contenderName}" of case "${caseName}"`);
let outcome: Outcome;
try {
  outcome = { metrics: await contender.measure(sizeOf(flag === "--short")) };
} catch (error) {
  if (!(error instanceof Unavailable)) throw error;
  outcome = { unavailable: error.message };
}
// Not every peer closes all that it opened.
if (process.send !== undefined) process.send(outcome, () => process.exit(0));
else {
  console.log(outcome);
  process.exit(0);
}
