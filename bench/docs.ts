/** `npm run docs -w bench [-- NAME]`: writes the tables of docs/benchmarks.md from a run, by default the newest dated one. */
import { writePage } from "./harness/page.ts";
import { newestResults } from "./harness/results-folder.ts";

const name = process.argv[2] ?? newestResults();
if (name === null) {
  console.error("there is no dated run in bench/results: make one with npm run bench -- --publish");
  process.exit(1);
}
console.log(writePage(name));
