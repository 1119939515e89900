/** What `flamelet doctor` preloads into the app: waits until it is loaded, then examines each of its pools, and ends. */
import { allPools } from "../app.ts";
import { entryLoaded, entryToCome } from "../child/app-loaded.ts";
import { runnerParent } from "../child/boot.ts";
import { buildId } from "../build-id.ts";
import { keepAlive } from "../keep-alive.ts";
import { examine, type Say } from "./examine.ts";

const MARKS = { ok: "✔", failed: "✖", info: " " };

const say: Say = (mark, text) => console.log(`${MARKS[mark]} ${text.replaceAll("\n", "\n    ")}`);

async function diagnose(): Promise<void> {
  keepAlive();
  await entryLoaded(await entryToCome(Promise.resolve()));
  say("ok", `the app is loaded: Node ${process.version}, build ${buildId()}`);
  const pools = allPools();
  if (pools.length === 0) say("failed", "the app has made no pool by the time its entry module was evaluated");
  let well = pools.length > 0;
  for (const pool of pools) well = (await examine(pool, say)) && well;
  await Promise.all(pools.map((pool) => pool.close()));
  say(well ? "ok" : "failed", well ? "all is well" : "not all is well");
  process.exit(well ? 0 : 1);
}

if (runnerParent() === null && process.env["FLAME_PARENT"] === undefined) void diagnose();
