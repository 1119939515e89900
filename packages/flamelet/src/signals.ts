const SIGNALS = ["SIGTERM", "SIGINT"] as const;
type Signal = (typeof SIGNALS)[number];

let drain: (() => Promise<void>) | null = null;

/**
 * Has `work` done when the process is told to end, before anybody else hears of the signal: the app's own listeners, which
 * close its database and its server, run when it is done. A second signal of the same kind goes through at once.
 *
 * This wraps `process.emit`, as listeners of one event run in one go and none of them can hold back the next.
 */
export function beforeSignals(work: () => Promise<void>): void {
  if (drain !== null) {
    drain = work;
    return;
  }
  drain = work;
  if (process.versions["bun"] !== undefined || process.versions["deno"] !== undefined) {
    for (const signal of SIGNALS) process.prependListener(signal, beside);
    return;
  }
  const emit = process.emit;
  const pending = new Set<Signal>();
  const wrapped = function (this: NodeJS.Process, name: string | symbol, ...args: unknown[]): boolean {
    const signal = SIGNALS.find((known) => known === name);
    if (signal === undefined) return Reflect.apply(emit, this, [name, ...args]) as boolean;
    if (drain === null || pending.has(signal)) {
      if (process.listenerCount(signal) > 1) return Reflect.apply(emit, this, [name, ...args]) as boolean;
      proceed(signal);
      return true;
    }
    pending.add(signal);
    const goOn = (): void => {
      drain = null;
      if (process.listenerCount(signal) > 1) Reflect.apply(emit, this, [signal, ...args]);
      else proceed(signal);
    };
    drain().then(goOn, goOn);
    return true;
  };
  process.emit = wrapped as typeof process.emit;
  // Node hands a signal to the `process.emit` of the moment when its first listener came: those that are here are put back
  // behind the wrapper, in their order. Ours keeps the signal from ending the process by itself.
  for (const signal of SIGNALS) {
    const listeners = process.rawListeners(signal) as ((...args: unknown[]) => void)[];
    process.removeAllListeners(signal);
    process.on(signal, ours);
    for (const listener of listeners) process.on(signal, listener);
  }
}

function ours(): void {}

const drained = new Set<NodeJS.Signals>();

/**
 * Bun and Deno do not call `process.emit` for a signal, so nobody can be held back there: the work is done while the app's
 * own listeners run, and the process ends after it if it has none.
 */
function beside(signal: NodeJS.Signals): void {
  const isLast = (): boolean => process.listenerCount(signal) === 1;
  const end = (): void => {
    process.removeListener(signal, beside);
    process.kill(process.pid, signal);
  };
  if (drain === null || drained.has(signal)) {
    if (isLast()) end();
    return;
  }
  drained.add(signal);
  const goOn = (): void => {
    drain = null;
    if (isLast()) end();
  };
  drain().then(goOn, goOn);
}

/** Nobody else listens, so the signal does what it does by itself: it ends the process. */
function proceed(signal: Signal): void {
  process.removeListener(signal, ours);
  process.kill(process.pid, signal);
}
