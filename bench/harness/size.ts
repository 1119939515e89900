import type { Size } from "./case.ts";

export function sizeOf(short: boolean): Size {
  return { short, pick: (full, few) => (short ? few : full) };
}
