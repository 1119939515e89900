import type { Unit } from "./case.ts";

/** A number with three significant digits, and its unit. */
export function quantity(value: number, unit: Unit): string {
  if (unit === "/s") return `${scaled(value)}/s`;
  if (unit === "count") return String(Math.round(value * 100) / 100);
  if (unit === "µs" && value >= 10_000) return `${digits(value / 1000)} ms`;
  return `${digits(value)} ${unit}`;
}

/** A quotient: `1.25 ×`. */
export function times(value: number): string {
  return `${digits(value)} ×`;
}

function scaled(value: number): string {
  if (value >= 1_000_000) return `${digits(value / 1_000_000)} M`;
  return value >= 10_000 ? `${digits(value / 1000)} k` : digits(value);
}

export function digits(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return String(Math.round(value));
  if (size >= 10) return value.toFixed(1);
  return size >= 0.095 || size === 0 ? value.toFixed(2) : value.toPrecision(2);
}
