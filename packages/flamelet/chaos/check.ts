import type { Entry } from "./journal.ts";

/** What the journal proves. */
export interface Verdict {
  readonly calls: number;
  readonly settled: number;
  /** How many calls settled with each error code; `value` for those that gave one. */
  readonly codes: Readonly<Record<string, number>>;
  /** Everything that must not be. Empty when all is well. */
  readonly violations: readonly string[];
}

interface Story {
  asked: number;
  started: number;
  ended: number;
  settled: Extract<Entry, { event: "settled" }>[];
  kind: string;
}

/**
 * Reads the journal of a run.
 *
 * @param survivors Pids of the parents that were let live until all of their calls had settled.
 */
export function check(journal: readonly Entry[], survivors: readonly number[]): Verdict {
  const stories = new Map<string, Story>();
  const violations: string[] = [];
  for (const entry of journal) {
    if (entry.event === "counted") {
      if (entry.stats !== entry.processes)
        violations.push(`stats() counted ${entry.stats} runners when there were ${entry.processes} processes`);
      continue;
    }
    const story = stories.get(entry.call) ?? { asked: 0, started: 0, ended: 0, settled: [], kind: "?" };
    stories.set(entry.call, story);
    if (entry.event === "settled") story.settled.push(entry);
    else story[entry.event] += 1;
    if (entry.event === "asked") story.kind = entry.kind;
  }
  const codes: Record<string, number> = {};
  for (const [call, story] of stories) {
    const wrong = (what: string): void => void violations.push(`call ${call} (${story.kind}): ${what}`);
    if (story.asked !== 1) wrong(`was asked for ${story.asked} times`);
    if (story.started > 1) wrong(`ran ${story.started} times`);
    if (story.settled.length > 1) wrong(`settled ${story.settled.length} times`);
    const [settled] = story.settled;
    const survivor = survivors.includes(Number(call.split("-")[0]));
    if (settled === undefined) {
      if (survivor) wrong("never settled");
      continue;
    }
    const code = settled.code ?? "value";
    codes[code] = (codes[code] ?? 0) + 1;
    if (settled.code === null && story.ended !== 1) wrong("gave a value, though it never came to its end");
    if (settled.outcome === "not-started" && story.started > 0)
      wrong(`was told not to have started, but ran (${settled.code})`);
  }
  const settled = [...stories.values()].filter((story) => story.settled.length > 0).length;
  return { calls: stories.size, settled, codes, violations };
}
