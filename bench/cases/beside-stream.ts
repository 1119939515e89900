import type { Kind } from "../contenders/own/runner-process.ts";
import { chunks, count } from "../contenders/streams.ts";
import type { Case, Contender, Goal, Metrics, Size } from "../harness/case.ts";
import { percentile } from "../harness/latency.ts";

const GB = 2 ** 30;
const latencyMetric = { unit: "µs", better: "lower" } as const;

export const besideStream: Case = {
  title: "A small call beside a stream that fills the connection",
  about:
    "The 99th percentile of a call that does nothing: alone, and while a stream in 64 KiB chunks goes up, or down.",
  cores: "all",
  rounds: 3,
  metrics: { "p99 beside up": latencyMetric, "p99 beside down": latencyMetric, "p99 alone": latencyMetric },
  yardstick: null,
  contenders: { "flamelet, TCP": beside("tcp"), "flamelet, Unix socket": beside("unix") },
  goals: ["flamelet, TCP", "flamelet, Unix socket"].flatMap((of) => [
    goal(of, "p99 beside up"),
    goal(of, "p99 beside down"),
  ]),
};

function beside(kind: Kind): Contender {
  return {
    role: "flamelet",
    measure: async (size: Size): Promise<Metrics> => {
      const { flame } = await import("flamelet");
      const { noop, sink, source } = await import("../contenders/flamelet/app.ts");
      const { openPool } = await import("../contenders/flamelet/pool.ts");
      const pool = openPool(kind, { timeout: Infinity });
      const p99 = async (ms: number): Promise<number> => {
        const samples: number[] = [];
        for (const end = performance.now() + ms; performance.now() < end || samples.length < 10;) {
          const started = performance.now();
          await flame.call(pool, noop);
          samples.push((performance.now() - started) * 1000);
        }
        return percentile(
          samples.toSorted((a, b) => a - b),
          0.99,
        );
      };
      await p99(size.pick(500, 20));
      const alone = await p99(size.pick(1_000, 50));
      let over = false;
      async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
        for await (const chunk of chunks(1000 * GB, 64 * 1024)) {
          if (over) return;
          yield chunk;
        }
      }
      const upload = flame.call(pool, sink, endless());
      const up = await p99(size.pick(1_000, 50));
      over = true;
      await upload;
      const reading = flame.stream(pool, source, 1000 * GB, 64 * 1024);
      const download = count(
        (async function* () {
          for await (const chunk of reading) {
            if (!over) return;
            yield chunk;
          }
        })(),
      );
      const down = await p99(size.pick(1_000, 50));
      over = false;
      await download;
      return { "p99 alone": alone, "p99 beside up": up, "p99 beside down": down };
    },
  };
}

function goal(of: string, metric: string): Goal {
  return { metric, of, over: { contender: of, metric: "p99 alone", by: "ratio" }, solid: 5, goal: 3 };
}
