import { ffmpeg } from "./pool.ts";
import { config } from "./config.ts";

/** How often somebody who watches the pool hears of changes, in ms. */
const LOOK_EVERY_MS = 200;

/** The pool, as the page shows it. All are counts. */
export interface PoolState {
  readonly max: number;
  readonly runners: number;
  readonly booting: number;
  readonly idle: number;
  readonly busy: number;
  readonly draining: number;
  readonly queued: number;
}

export function poolState(): PoolState {
  const { runners, booting, ready, idle, draining, queued } = ffmpeg.stats();
  return { max: config.maxRunners, runners, booting, idle, busy: ready - idle, draining, queued };
}

const watchers = new Set<(state: PoolState) => void>();
let timer: NodeJS.Timeout | undefined;
let last = "";

/** Calls `watcher` whenever the state has changed, until the returned function is called. */
export function watchPool(watcher: (state: PoolState) => void): () => void {
  watchers.add(watcher);
  timer ??= setInterval(look, LOOK_EVERY_MS);
  return () => {
    watchers.delete(watcher);
    if (watchers.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function look(): void {
  const state = poolState();
  const text = JSON.stringify(state);
  if (text === last) return;
  last = text;
  for (const watcher of watchers) watcher(state);
}
