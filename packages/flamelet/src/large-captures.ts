import type { ClosureInfo } from "./registry.ts";
import { encode, type Encoded } from "./wire/codec.ts";

/** From how many bytes on the captures of one call are worth a warning: at 1 MiB, copying them costs more than the call. */
const LARGE = 1024 * 1024;

/** How big the messages were of the closures whose captures were measured, by their id. */
const measured = new Map<string, number>();

/**
 * Warns, once for each place in the source, when what a closure captures is large: a closure names its captures so
 * quietly that nobody sees what it takes along.
 */
export function warnOfLargeCaptures(info: ClosureInfo, captures: readonly unknown[], sent: Encoded): void {
  const total = sizeOf(sent);
  if (total < LARGE) return;
  // It may be the arguments that are large. Measuring is then worth it again only for a message twice as big.
  if (total < 2 * (measured.get(info.id) ?? 0)) return;
  measured.set(info.id, total);
  const sizes = captures
    .map((value, index) => ({ name: info.captures[index] ?? "?", size: sizeAlone(value) }))
    .sort((a, b) => b.size - a.size);
  const all = sizes.reduce((sum, { size }) => sum + size, 0);
  if (all < LARGE) return;
  measured.set(info.id, Infinity);
  const [first] = sizes;
  const large = sizes.filter(({ size }) => size >= LARGE / 8).map(({ name, size }) => `"${name}" (${megabytes(size)})`);
  process.emitWarning(
    `the closure at ${info.where} takes ${megabytes(all)} along with every call, in ${large.join(", ") || "many small variables"}. ` +
      `Capture only what it uses (const { url } = ${first?.name}), load it over there, or send a stream`,
    "FlameletWarning",
  );
}

function sizeOf({ json, attachments }: Encoded): number {
  return attachments.reduce((sum, bytes) => sum + bytes.byteLength, json.length);
}

function sizeAlone(value: unknown): number {
  return sizeOf(encode(value));
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
