import { setTimeout as sleep } from "node:timers/promises";
import { cpuTime } from "./cpu.ts";

/** Keeps that many calls in flight for `ms`, and gives how many end in a second. */
export async function throughput(call: () => Promise<unknown>, inFlight: number, ms: number): Promise<number> {
  let done = 0;
  let over = false;
  const loop = async (): Promise<void> => {
    while (!over) {
      await call();
      done += 1;
    }
  };
  const loops = Array.from({ length: inFlight }, loop);
  // Slow ones take a while until the first calls are back, in which no rate can be seen.
  do await sleep(ms / 4);
  while (done < inFlight);
  const from = done;
  const started = performance.now();
  // On a busy machine a short while may pass without one.
  do await sleep(ms);
  while (done === from);
  const rate = ((done - from) / (performance.now() - started)) * 1000;
  over = true;
  await Promise.all(loops);
  return rate;
}

/** As `throughput`, and the CPU time of one call in all processes together, in µs; left out where that cannot be told. */
export async function throughputAndCpu(
  call: () => Promise<unknown>,
  inFlight: number,
  ms: number,
): Promise<{ readonly rate: number; readonly cpu?: number }> {
  let calls = 0;
  const counted = (): Promise<unknown> => {
    calls += 1;
    return call();
  };
  const before = cpuTime();
  const rate = await throughput(counted, inFlight, ms);
  const after = cpuTime();
  return before === null || after === null ? { rate } : { rate, cpu: (after - before) / calls };
}

/**
 * Makes that many calls, 64 at a time, so that what is compiled late is compiled: a number of calls rather than a while,
 * or a busy machine would measure some of them cold. Slow ones stop after `most` ms.
 */
export async function warmUp(call: () => Promise<unknown>, calls: number, most: number): Promise<void> {
  const end = performance.now() + most;
  let left = calls;
  const loop = async (): Promise<void> => {
    while ((left -= 1) >= 0 && performance.now() < end) await call();
  };
  await Promise.all(Array.from({ length: 64 }, loop));
}
