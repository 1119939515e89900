import { findRegion, REGIONS, type Region } from "./table.ts";

/** What each alias stands for: https://fly.io/docs/networking/dynamic-request-routing/#geographic-groups-and-aliases */
const ALIASES: Readonly<Record<string, (region: Region) => boolean>> = {
  apac: (region) => region.area === "apac",
  eu: (region) => region.area === "eu",
  na: (region) => region.area === "na",
  sa: (region) => region.area === "sa",
  us: (region) => region.us,
  usa: (region) => region.us,
  any: () => true,
};

/**
 * Regions in order of preference. Each step is the set of codes that one word of the list stands for; within a step the
 * closest comes first, and a region that an earlier step named is not named again.
 */
export type RegionPreference = readonly (readonly string[])[];

/**
 * Reads a list such as `"lhr"`, `"iad,ord,us"` or `"sjc,any"`.
 *
 * @throws {RangeError} naming the word that is neither a region nor an alias.
 */
export function parseRegionPreference(list: string): RegionPreference {
  const steps: string[][] = [];
  const seen = new Set<string>();
  for (const word of list.split(",").map((part) => part.trim().toLowerCase())) {
    if (word === "") continue;
    const step = expand(word).filter((code) => !seen.has(code));
    for (const code of step) seen.add(code);
    if (step.length > 0) steps.push(step);
  }
  if (steps.length === 0) throw new RangeError(`a list of regions must name at least one, and got ${quote(list)}`);
  return steps;
}

function expand(word: string): string[] {
  const alias = Object.hasOwn(ALIASES, word) ? ALIASES[word] : undefined;
  if (alias !== undefined) return REGIONS.filter(alias).map((region) => region.code);
  if (findRegion(word) !== undefined) return [word];
  throw new RangeError(
    `${quote(word)} is no region: use a code such as "ams" or one of ${Object.keys(ALIASES).join(", ")}`,
  );
}

function quote(text: string): string {
  return JSON.stringify(text);
}
