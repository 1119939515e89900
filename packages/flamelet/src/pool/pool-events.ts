import type { BootError, RunnerLostError } from "../errors.ts";

/** What a pool tells whoever listens, after it happened. Durations are milliseconds. */
export type PoolEvents = {
  /** The boot of a runner was started. */
  boot: [event: { readonly runner: string; readonly reason: string }];
  /** A runner is ready, so long after its boot was started. */
  ready: [event: { readonly runner: string; readonly after: number }];
  /** A boot failed. `runner` is null when it could not even be started. */
  bootFailed: [event: { readonly runner: string | null; readonly error: BootError }];
  /** A runner gets no more work, and goes when its work has ended; or its boot was cancelled. */
  draining: [event: { readonly runner: string; readonly reason: string }];
  /** A runner that was asked to go is gone. */
  retired: [event: { readonly runner: string }];
  /** A runner is gone that was not asked to be, or that had to be killed. */
  lost: [event: { readonly runner: string; readonly error: RunnerLostError }];
  /** A runner's event loop stopped answering, or answers again. */
  responsive: [event: { readonly runner: string; readonly responsive: boolean }];
  /** The policy decided something, and it was done to these runners. */
  decision: [
    event: {
      readonly kind: "boot" | "cancelBoot" | "retire";
      readonly runners: readonly string[];
      readonly reason: string;
    },
  ];
  /** A cast failed. Without a listener, that is told as a process warning. */
  castFailed: [event: { readonly error: unknown }];
  /** The pool is closed and its last runner is gone. */
  closed: [];
};
