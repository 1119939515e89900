import type { Case, Metrics } from "./case.ts";
import { type Job, measureOnce } from "./measuring-process.ts";

/** All that was measured of one case. */
export interface Measured {
  /** For each contender, for each round, what it gave; null for a round in which it did not take part. */
  readonly rounds: Readonly<Record<string, readonly (Metrics | null)[]>>;
  /** Why contenders did not take part at all. */
  readonly unavailable: Readonly<Record<string, string>>;
}

export interface RoundsOptions {
  readonly rounds: number;
  readonly short: boolean;
  /** The core for what is to share one, or null where processes cannot be pinned. */
  readonly core: number | null;
  readonly onProgress: (job: Job, round: number) => void;
}

/**
 * Measures the contenders of a case in turns, so that what disturbs the machine for a while disturbs all of them. Peers take
 * part in every third round, since they are here for their order of magnitude. Rejects when one of them fails.
 */
export async function measureRounds(
  name: string,
  { contenders, cores, rounds: most = Infinity }: Case,
  options: RoundsOptions,
): Promise<Measured> {
  const names = Object.keys(contenders);
  const rounds = Object.fromEntries(names.map((each) => [each, [] as (Metrics | null)[]]));
  const unavailable: Record<string, string> = {};
  for (let round = 0; round < Math.min(options.rounds, most); round++) {
    for (const contender of rotated(names, round)) {
      const sitsOut = contenders[contender]?.role === "peer" && round % 3 !== 0;
      if (sitsOut || contender in unavailable) {
        rounds[contender]?.push(null);
        continue;
      }
      const job: Job = { case: name, contender, short: options.short, core: cores === "one" ? options.core : null };
      options.onProgress(job, round);
      const outcome = await measureOnce(job);
      if ("unavailable" in outcome) unavailable[contender] = outcome.unavailable;
      rounds[contender]?.push("metrics" in outcome ? outcome.metrics : null);
    }
  }
  return { rounds, unavailable };
}

/** Each round begins with another one: nobody is always the one that follows the heaviest. */
function rotated(names: readonly string[], round: number): string[] {
  const by = round % names.length;
  return [...names.slice(by), ...names.slice(0, by)];
}
