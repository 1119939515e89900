import type { BootError, RunnerLostError } from "../errors.ts";

/**
 * A runner, as its pool drives it. The pool decides when runners boot, drain and die; how that is done, and everything
 * that crosses to one, is the runner's affair.
 */
export interface RunnerControl {
  /** Readable and unique, such as `ffmpeg-3-x7k2`. */
  readonly id: string;
  /**
   * The runner takes no new work; it ends by itself when its work has ended, and is killed after `grace` ms.
   * The pool stops leasing it before it calls this. Called on a booting runner, it cancels the boot.
   */
  drain(reason: string, grace: number): void;
  /** Ends the machine now. */
  kill(reason: string): void;
}

/**
 * What a pool hears of a runner. Nothing is called before `StartRunner` returned. The life of a runner is
 * `ready` → any number of `leaving`/`responsive` → `ended`, or `bootFailed` alone; nothing follows the last call.
 */
export interface RunnerListener {
  /** It is connected, authenticated, and its app is loaded. */
  ready(): void;
  /** It never became ready. Its machine is destroyed, or being destroyed. */
  bootFailed(error: BootError): void;
  /** It wants to go (its host stops it, or work on it ignores its signal): lease no more slots of it, and drain it. */
  leaving(reason: string): void;
  /** Its event loop stopped answering, or answers again. It is alive either way. */
  responsive(yes: boolean): void;
  /** It is gone. `null` when it retired because it was asked to. */
  ended(error: RunnerLostError | null): void;
}

/** Starts the boot of one runner and returns at once. `bootTimeout` is provision → ready, in ms. */
export type StartRunner<R extends RunnerControl = RunnerControl> = (listener: RunnerListener, bootTimeout: number) => R;
