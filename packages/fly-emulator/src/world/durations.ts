const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** A Go duration such as `"1m30s"` or `"500ms"`, in ms; null if it is not one. */
export function goDuration(text: string): number | null {
  if (!/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) return text === "0" ? 0 : null;
  return [...text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g)].reduce(
    (sum, [, number, unit]) => sum + Number(number) * (UNITS[unit ?? ""] ?? 0),
    0,
  );
}

/** A duration in a machine's config: a Go duration or nanoseconds. In ms; null if absent or not one. */
export function configDuration(value: string | number | null | undefined): number | null {
  if (typeof value === "number") return value / 1e6;
  return typeof value === "string" ? goDuration(value) : null;
}
