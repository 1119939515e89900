/**
 * How long to wait before trying again, in ms: anything up to a limit that doubles with each attempt ("full jitter", so that
 * those who failed together do not come back together).
 */
export function fullJitter(random: () => number, attempt: number, first: number, longest: number): number {
  return random() * Math.min(longest, first * 2 ** attempt);
}
