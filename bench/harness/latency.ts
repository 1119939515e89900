import type { Metrics, Size } from "./case.ts";

/** How many calls are made before latency is measured, and how many are then measured. */
export function latencySize(size: Size): { readonly warmUp: number; readonly samples: number } {
  return { warmUp: size.pick(10_000, 50), samples: size.pick(20_000, 200) };
}

/** Makes calls one after the other, and gives the percentiles of how long one takes, in µs. */
export async function latency(call: () => Promise<unknown>, size: Size): Promise<Metrics> {
  const { warmUp, samples: count } = latencySize(size);
  const samples = new Float64Array(count);
  for (let i = 0; i < warmUp; i++) await call();
  for (let i = 0; i < samples.length; i++) {
    const started = performance.now();
    await call();
    samples[i] = (performance.now() - started) * 1000;
  }
  samples.sort();
  return { p50: percentile(samples, 0.5), p99: percentile(samples, 0.99) };
}

/** @param sorted In ascending order. */
export function percentile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}
