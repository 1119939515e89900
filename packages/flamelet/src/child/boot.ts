import { isMainThread } from "node:worker_threads";
import { buildId } from "../build-id.ts";
import type { Transport } from "../wire/transport.ts";
import { entryAtWork, entryLoaded } from "./app-loaded.ts";
import { dialParent } from "./dial.ts";
import { exitSaying } from "./last-words.ts";
import { killGroup } from "./group.ts";
import { decodeParentEnv, ORPHANED, type ParentEnv, publicView, type RunnerParent } from "./parent-env.ts";
import { claimed, decodeStandbyEnv, parentToCome, type StandbyEnv } from "./standby.ts";
import { startWatchdog } from "./watchdog.ts";

/** The exit code of a runner that was told nonsense: `EX_CONFIG`. */
const BAD_CONFIG = 78;

/** The interval of a timer that only keeps the process alive, in ms. */
const HOLD = 60_000;

interface RunnerState {
  parent: RunnerParent;
  lease: number;
  readonly loaded: Promise<void>;
  /** To be called when a module of the app has loaded flamelet. */
  readonly inUse: () => void;
  /** Knows the secret, and gives it to nobody. */
  readonly dialMain: () => Promise<Transport>;
}

// One state per process: the preloaded copy of this module and the app's may be two.
const KEY = Symbol.for("flamelet.runner.1");
const host = globalThis as { [KEY]?: RunnerState };

/** Gives the URL of the app's entry module; see `entryToCome`. */
type FindEntry = (inUse: Promise<void>) => string | null | Promise<string | null>;

/**
 * Makes this process a runner, if a parent started it as one: takes `FLAME_PARENT` out of the environment before the
 * app or anything that it starts can see it, and starts the watchdog. Calling it again does nothing.
 *
 * @param entry Gives the URL of the app's entry module once that has started to load; see `entryToCome`.
 */
export function bootRunner(entry: FindEntry = entryAtWork): void {
  const standby = process.env["FLAME_STANDBY"];
  if (standby !== undefined && host[KEY] === undefined && isMainThread) return bootStandby(standby, entry);
  const value = process.env["FLAME_PARENT"];
  if (value === undefined || host[KEY] !== undefined || !isMainThread) return;
  delete process.env["FLAME_PARENT"];
  let env: ParentEnv;
  try {
    env = decodeParentEnv(value);
  } catch (error) {
    exitSaying(`the environment variable FLAME_PARENT is malformed: ${(error as Error).message}`, BAD_CONFIG);
  }
  const build = buildId();
  startWatchdog(env, build);
  const inUse = Promise.withResolvers<void>();
  const loaded = Promise.resolve(entry(inUse.promise)).then(entryLoaded);
  if (env.ownsGroup) {
    process.on("exit", killGroup);
    // Opening them takes a while, for which the parent need not wait: by then it has heard that the app is loaded.
    void loaded.then(() => setImmediate(outliveOutput));
  }
  host[KEY] = {
    parent: publicView(env),
    lease: env.lease,
    loaded,
    inUse: inUse.resolve,
    dialMain: () => dialParent(env, "main", build),
  };
}

/** Its output goes to its parent. When that is gone, work must still get to clean up after itself. */
function outliveOutput(): void {
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
}

/** As a runner, but for its parent: it waits to be told. */
function bootStandby(value: string, entry: FindEntry): void {
  delete process.env["FLAME_STANDBY"];
  delete process.env["FLAME_PARENT"];
  let standby: StandbyEnv;
  try {
    standby = decodeStandbyEnv(value);
  } catch (error) {
    exitSaying(`the environment variable FLAME_STANDBY is malformed: ${(error as Error).message}`, BAD_CONFIG);
  }
  const build = buildId();
  const inUse = Promise.withResolvers<void>();
  const loaded = Promise.resolve(entry(inUse.promise)).then(entryLoaded);
  const dialMain = async (): Promise<Transport> => {
    // That somebody may claim it is what this process lives for.
    const hold = setInterval(() => {}, HOLD);
    let env: ParentEnv;
    try {
      env = await claimed(standby, loaded);
    } catch (error) {
      exitSaying(`nobody claimed this copy of the app: ${(error as Error).message}`, ORPHANED);
    } finally {
      clearInterval(hold);
    }
    startWatchdog(env, build);
    state.parent = publicView(env);
    state.lease = env.lease;
    return dialParent(env, "main", build);
  };
  const state: RunnerState = { parent: parentToCome(standby), lease: Infinity, loaded, inUse: inUse.resolve, dialMain };
  host[KEY] = state;
}

/** What this process may know of its parent; null when it is no runner. */
export function runnerParent(): RunnerParent | null {
  return host[KEY]?.parent ?? null;
}

/** How long this process may live without hearing from its parent, in ms; `Infinity` when it is no runner. */
export function runnerLease(): number {
  return host[KEY]?.lease ?? Infinity;
}

/**
 * Resolves when the app is loaded: when its entry module has been evaluated, top-level awaits included. Stays pending
 * for ever when that fails, since the process then ends. Resolves at once when this process is no runner.
 */
export function whenAppLoaded(): Promise<void> {
  return host[KEY]?.loaded ?? Promise.resolve();
}

/** Notes that a module of the app has loaded flamelet. */
export function noteInUse(): void {
  host[KEY]?.inUse();
}

/** Connects the runner's session; see `dialParent`. Only for a runner, and only once: the parent accepts one at a time. */
export function dialMain(): Promise<Transport> {
  const state = host[KEY];
  if (state === undefined) throw new Error("this process is no runner");
  return state.dialMain();
}
