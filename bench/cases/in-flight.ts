import { open } from "../contenders/open.ts";
import type { Case, Contender, Goal, Metrics, Role, Size } from "../harness/case.ts";

const RAW = "raw frames, TCP";
const MANY = 50_000;
const MORE = 200_000;
const SLEEP = 1_000;

export const inFlight: Case = {
  title: "Very many calls in flight",
  about: "50 000 and 200 000 calls at once on one runner, each of which sleeps for 1 s there: until all are back.",
  cores: "all",
  rounds: 3,
  metrics: { "50 k": { unit: "s", better: "lower" }, "200 k": { unit: "s", better: "lower" } },
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
  },
  goals: [goal("flamelet, TCP", "50 k"), goal("flamelet, Unix socket", "50 k")],
};

/** Rejects when any of the calls does: none may be lost. */
function sleeps(role: Role, opened: () => Promise<() => Promise<unknown>>): Contender {
  return {
    role,
    measure: async (size: Size): Promise<Metrics> => {
      const call = await opened();
      const seconds = async (count: number): Promise<number> => {
        const started = performance.now();
        await Promise.all(Array.from({ length: count }, call));
        return (performance.now() - started) / 1000;
      };
      return { "50 k": await seconds(size.pick(MANY, 500)), "200 k": await seconds(size.pick(MORE, 1_000)) };
    },
  };
}

function goal(of: string, metric: string): Goal {
  return { metric, of, over: { contender: RAW, by: "ratio" }, solid: 1.4, goal: 1.15 };
}
