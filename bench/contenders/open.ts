import type { Rpc } from "./rpc.ts";

/** How each of those that make calls is opened. Each loads its library only then. */
export const open = {
  thinTcp: async (): Promise<Rpc> => (await import("./own/thin-rpc.ts")).openThinRpc("tcp"),
  thinUnix: async (): Promise<Rpc> => (await import("./own/thin-rpc.ts")).openThinRpc("unix"),
  flameletTcp: async (slots?: number): Promise<Rpc> => (await import("./flamelet/rpc.ts")).openFlamelet("tcp", slots),
  flameletUnix: async (slots?: number): Promise<Rpc> => (await import("./flamelet/rpc.ts")).openFlamelet("unix", slots),
  piscina: async (perWorker?: number, functions?: URL): Promise<Rpc> =>
    (await import("./peers/piscina.ts")).openPiscina(perWorker, functions),
  tinypool: async (functions?: URL): Promise<Rpc> => (await import("./peers/tinypool.ts")).openTinypool(functions),
  workerpool: async (runner?: URL): Promise<Rpc> => (await import("./peers/workerpool.ts")).openWorkerpool(runner),
  comlink: async (module?: URL): Promise<Rpc> => (await import("./peers/comlink.ts")).openComlink(module),
  capnweb: async (): Promise<Rpc> => (await import("./peers/capnweb.ts")).openCapnweb(),
  birpc: async (): Promise<Rpc> => (await import("./peers/birpc.ts")).openBirpc(),
  bullmq: async (): Promise<Rpc> => (await import("./peers/bullmq.ts")).openBullmq(),
  grpc: async (): Promise<Rpc> => (await import("./peers/grpc.ts")).openGrpc(),
};

/** Those that other people made, by the names under which tables show them. */
export const peers: Readonly<Record<string, () => Promise<Rpc>>> = {
  piscina: () => open.piscina(),
  "tinypool (child_process)": () => open.tinypool(),
  "workerpool (process)": () => open.workerpool(),
  comlink: () => open.comlink(),
  capnweb: open.capnweb,
  "birpc (ws, msgpackr)": open.birpc,
  "grpc-js": open.grpc,
};
