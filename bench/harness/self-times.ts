/** What is needed here of what `--cpu-prof` writes. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number;
    readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  }[];
  readonly samples: readonly number[];
  /** Since the sample before, in µs. */
  readonly timeDeltas: readonly number[];
}

/** The functions in which most of the time was spent, not counting what they called, each as a line. */
export function selfTimes({ nodes, samples, timeDeltas }: CpuProfile, most = 30): string[] {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, nameOf(callFrame)]));
  const times = new Map<string, number>();
  let busy = 0;
  samples.forEach((id, i) => {
    const name = names.get(id) ?? "?";
    const delta = timeDeltas[i] ?? 0;
    if (name === "(idle)") return;
    busy += delta;
    times.set(name, (times.get(name) ?? 0) + delta);
  });
  const sorted = [...times].toSorted(([, a], [, b]) => b - a).slice(0, most);
  return sorted.map(
    ([name, time]) =>
      `${((time / busy) * 100).toFixed(1).padStart(5)} %  ${(time / 1000).toFixed(1).padStart(8)} ms  ${name}`,
  );
}

function nameOf({ functionName, url, lineNumber }: CpuProfile["nodes"][number]["callFrame"]): string {
  const file = url.split("/").slice(-2).join("/");
  return file === "" ? functionName : `${functionName || "(anonymous)"} ${file}:${lineNumber + 1}`;
}
