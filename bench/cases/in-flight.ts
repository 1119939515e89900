import { open } from "../contenders/open.ts";
import { FLAME, flameContender } from "../harness/flame-contender.ts";
import type { Case, Contender, Goal, Metrics, Role, Size } from "../harness/case.ts";

const RAW = "raw frames, TCP";
const MANY = 50_000;
const MORE = 200_000;
const SLEEP = 1_000;

export const inFlight: Case = {
  title: "Very many calls in flight",
  about:
    "50 000 and 200 000 calls at once on one runner, each of which sleeps for 1 s there: until all are over, and how many of the " +
    "200 000 came back with their result.",
  cores: "all",
  rounds: 3,
  metrics: {
    "50 k": { unit: "s", better: "lower" },
    "200 k": { unit: "s", better: "lower" },
    "200 k back": { unit: "count", better: "higher" },
  },
  yardstick: RAW,
  contenders: {
    [RAW]: sleeps("limit", async () => {
      const echo = await (await import("../contenders/own/echo.ts")).openEcho("tcp", { delay: SLEEP });
      const frame = Buffer.alloc(16);
      return () => echo.send(frame);
    }),
    "flamelet, TCP": sleeps("flamelet", async () => {
      const rpc = await open.flameletTcp(MORE);
      return () => rpc.sleep(SLEEP);
    }),
    "flamelet, Unix socket": sleeps("flamelet", async () => {
      const rpc = await open.flameletUnix(MORE);
      return () => rpc.sleep(SLEEP);
    }),
    comlink: sleeps("peer", async () => {
      const rpc = await open.comlink();
      return () => rpc.sleep(SLEEP);
    }),
    [FLAME]: flameContender(async (flame, size) => {
      const count = size.pick(MANY, 500);
      const [seconds = NaN, back] = await flame.ask("sleep", count, SLEEP);
      if (back !== count) throw new Error(`${back} of ${count} calls came back`);
      return { "50 k": seconds };
    }, MANY),
  },
  goals: [...goals("flamelet, TCP"), ...goals("flamelet, Unix socket")],
};

function sleeps(role: Role, opened: () => Promise<() => Promise<unknown>>): Contender {
  return {
    role,
    measure: async (size: Size): Promise<Metrics> => {
      const call = await opened();
      const all = async (count: number): Promise<{ seconds: number; back: number }> => {
        const started = performance.now();
        const outcomes = await Promise.allSettled(Array.from({ length: count }, call));
        const seconds = (performance.now() - started) / 1000;
        return { seconds, back: outcomes.filter(({ status }) => status === "fulfilled").length };
      };
      const many = await all(size.pick(MANY, 500));
      const more = await all(size.pick(MORE, 1_000));
      return { "50 k": many.seconds, "200 k": more.seconds, "200 k back": more.back };
    },
  };
}

function goals(of: string): Goal[] {
  return [
    { metric: "50 k", of, over: { contender: RAW, by: "ratio" }, solid: 1.4, goal: 1.15 },
    { metric: "200 k back", of, solid: MORE, goal: MORE },
  ];
}
