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
 * Measures the contenders of a case in turns, so that what disturbs the machine for a while disturbs all of them; see also
 * `takesPart`. Rejects when one of them fails.
 */
export async function measureRounds(name: string, each: Case, options: RoundsOptions): Promise<Measured> {
  const { contenders, cores, rounds: most = Infinity } = each;
  const names = Object.keys(contenders);
  const rounds = Object.fromEntries(names.map((each) => [each, [] as (Metrics | null)[]]));
  const unavailable: Record<string, string> = {};
  for (let round = 0; round < Math.min(options.rounds, most); round++) {
    for (const contender of rotated(names, round)) {
      if (!takesPart(contender, each, round) || contender in unavailable) {
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

/**
 * Whether a contender is measured in that round, the first of which is 0. flamelet is in each, and so is a limit that it is
 * compared with. Other limits, and peers that a goal names, are in every third. All other peers are in the first alone, since
 * they are here for their order of magnitude.
 */
export function takesPart(contender: string, { contenders, yardstick, goals }: Case, round: number): boolean {
  const role = contenders[contender]?.role;
  const compared = contender === yardstick || goals.some(({ over }) => over?.contender === contender);
  if (role === "flamelet") return true;
  if (role === "limit") return compared || round % 3 === 0;
  return compared ? round % 3 === 0 : round === 0;
}

/** Each round begins with another one: nobody is always the one that follows the heaviest. */
function rotated(names: readonly string[], round: number): string[] {
  const by = round % names.length;
  return [...names.slice(by), ...names.slice(0, by)];
}
