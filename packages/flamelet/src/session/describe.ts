/** Whatever was thrown, as text; never throws itself. */
export function describe(thrown: unknown): string {
  try {
    return thrown instanceof Error ? (thrown.stack ?? `${thrown.name}: ${thrown.message}`) : String(thrown);
  } catch {
    return "something that cannot be shown";
  }
}
