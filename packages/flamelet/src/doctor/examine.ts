import { dispatch } from "../dispatch.ts";
import { BootError, FlameError } from "../errors.ts";
import type { Pool } from "../pool-handle.ts";
import { functionIds } from "../registry.ts";
import { encode } from "../wire/codec.ts";
import { REPORT, type RunnerReport } from "./report.ts";

/** Says one line: a step that worked, one that did not, or something about it. */
export type Say = (mark: "ok" | "failed" | "info", text: string) => void;

/**
 * Boots a runner of a pool through the backend that it really has, has it answer, and lets it go, saying each step as it
 * happens. Gives whether all of it worked.
 */
export async function examine(pool: Pool, say: Say): Promise<boolean> {
  const { options } = pool.core;
  say(
    "info",
    `pool "${pool.name}": backend ${options.backend?.name}, ${options.min} to ${options.max} runners, ${options.maxConcurrency} pieces of work at a time on each`,
  );
  const stops = [
    pool.on("boot", ({ runner }) => say("ok", `boot of runner ${runner} started`)),
    pool.on("ready", ({ runner, after }) =>
      say(
        "ok",
        `runner ${runner} dialled in, proved its secret and loaded the app, ${Math.round(after)} ms after its boot`,
      ),
    ),
    pool.on("bootFailed", ({ error }) => say("failed", error.message)),
  ];
  try {
    const ids = functionIds().filter((id) => id !== REPORT);
    const asked = performance.now();
    const pulse = (n: number): number => n + 1;
    const values = encode([[], [ids, pulse]], { implicitCallbacks: true });
    const work = {
      fn: REPORT,
      hash: "",
      label: REPORT,
      kind: "value",
      timeout: options.bootTimeout,
      signal: undefined,
      values,
      own: null,
      local: null,
    } as const;
    const report = (await dispatch(pool, work, { queueTimeout: options.bootTimeout })) as RunnerReport;
    const took = Math.round(performance.now() - asked);
    say("ok", `it ran a function, which called back, and gave its value, ${took} ms after it was asked`);
    say(
      "info",
      `it is process ${report.pid} on ${report.host}, Node ${report.node}, ${Math.round(report.memory / 1e6)} MB, up for ${report.uptime} ms`,
    );
    return sayFunctions(ids, report.known, say);
  } catch (error) {
    if (!(BootError.is(error) || (FlameError.is(error) && BootError.is(error.cause)))) say("failed", String(error));
    say("info", pool.explain());
    return false;
  } finally {
    for (const stop of stops) stop();
  }
}

function sayFunctions(ids: readonly string[], known: readonly string[], say: Say): boolean {
  const missing = ids.filter((id) => !known.includes(id));
  if (missing.length === 0) {
    say("ok", `it knows every function that this process has registered (${ids.length})`);
    return true;
  }
  say("failed", `it does not know ${missing.join(", ")}: import their modules when the app starts, also in a runner`);
  return false;
}
