import { isDeepStrictEqual } from "node:util";
import { type Codec, codecs } from "../contenders/codecs.ts";
import type { Case, Contender, Goal, Metrics, Role, Size } from "../harness/case.ts";

const V8 = "v8.serialize";
const rate = { unit: "/s", better: "higher" } as const;

export const objectGraphs: Case = {
  title: "Object graphs",
  about:
    "Values to bytes and back, in one process: an object of 2 KB, 2 000 rows, and Maps, Sets and Dates with a cycle. " +
    "No number where a value does not come back as it was. The yardstick is the fastest codec that loses nothing: msgpackr " +
    "in its structured-clone mode loses -0, own properties of errors and more, JSON most things.",
  cores: "one",
  metrics: { "2 KB": rate, "2 000 rows": rate, "Map, Set, cycle": rate },
  yardstick: V8,
  contenders: {
    [V8]: codec("limit", codecs.v8),
    "JSON (loses most)": codec("limit", codecs.json),
    flamelet: codec("flamelet", codecs.flamelet),
    "msgpackr, structured clone (loses some)": codec("peer", codecs.msgpackr),
    devalue: codec("peer", codecs.devalue),
  },
  goals: ["2 KB", "2 000 rows", "Map, Set, cycle"].map((metric): Goal => ({
    metric,
    of: "flamelet",
    over: { contender: V8, by: "ratio" },
    solid: 0.8,
    goal: 1,
  })),
};

function codec(role: Role, open: () => Promise<Codec>): Contender {
  return {
    role,
    measure: async (size) => {
      const opened = await open();
      const metrics: Record<string, number> = {};
      for (const [name, value] of Object.entries(values())) {
        const found = roundTrips(opened, value, size);
        if (found !== null) metrics[name] = found;
      }
      return metrics satisfies Metrics;
    },
  };
}

/** How many round trips fit into a second; null when the value does not survive one. */
function roundTrips({ encode, decode }: Codec, value: unknown, size: Size): number | null {
  try {
    if (!isDeepStrictEqual(decode(encode(value)), value)) return null;
  } catch {
    return null;
  }
  const during = (ms: number): number => {
    const started = performance.now();
    let trips = 0;
    do {
      decode(encode(value));
      trips += 1;
    } while (performance.now() - started < ms);
    return (trips / (performance.now() - started)) * 1000;
  };
  during(size.pick(150, 10));
  return during(size.pick(400, 20));
}

function values(): Record<string, unknown> {
  const items = Array.from({ length: 16 }, (_, i) => ({
    id: 1_000 + i,
    name: `item number ${i}`,
    price: i * 1.25,
    tags: ["red", "blue", `tag ${i}`],
    stock: { warehouse: i % 3, left: 17 * i, reserved: null },
  }));
  const rows = Array.from({ length: 2_000 }, (_, i) => ({
    id: i,
    email: `user${i}@example.com`,
    name: `User Number ${i}`,
    active: i % 3 !== 0,
    score: i / 7,
    createdAt: `2026-01-01T00:00:${String(i % 60).padStart(2, "0")}Z`,
  }));
  const rich: Record<string, unknown> = {
    when: new Date(1_700_000_000_000),
    byName: new Map<string, unknown>([
      ["a", { at: new Date(0) }],
      ["b", new Set([1, 2, 3])],
    ]),
    big: 123_456_789_012_345_678_901n,
    ids: new Set(["x", "y"]),
    missing: undefined,
  };
  rich["self"] = rich;
  return { "2 KB": { order: 42, customer: "ACME", items }, "2 000 rows": rows, "Map, Set, cycle": rich };
}
