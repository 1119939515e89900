import type { Case } from "../harness/case.ts";

/** All cases by their names, in the order in which they are run and shown. */
export const cases: Readonly<Record<string, () => Promise<Case>>> = {
  "warm-call": async () => (await import("./warm-call.ts")).warmCall,
  throughput: async () => (await import("./throughput.ts")).throughputCase,
  inline: async () => (await import("./inline.ts")).inline,
  stream: async () => (await import("./stream.ts")).stream,
  tls: async () => (await import("./tls.ts")).tls,
  file: async () => (await import("./file.ts")).file,
  "large-values": async () => (await import("./large-values.ts")).largeValues,
  "object-graphs": async () => (await import("./object-graphs.ts")).objectGraphs,
  "beside-stream": async () => (await import("./beside-stream.ts")).besideStream,
  "in-flight": async () => (await import("./in-flight.ts")).inFlight,
  "cold-runner": async () => (await import("./cold-runner.ts")).coldRunner,
  "cold-app": async () => (await import("./cold-app.ts")).coldApp,
  "idle-runner": async () => (await import("./idle-runner.ts")).idleRunner,
  "idle-runners": async () => (await import("./idle-runners.ts")).idleRunners,
  "pool-step": async () => (await import("./pool-step.ts")).poolStep,
  compiler: async () => (await import("./compiler.ts")).compiler,
};
