import type { Rpc } from "./rpc.ts";

/** How each of those that make calls is opened. Each loads its library only then. */
export const open = {
  thinTcp: async (): Promise<Rpc> => (await import("./own/thin-rpc.ts")).openThinRpc("tcp"),
  thinUnix: async (): Promise<Rpc> => (await import("./own/thin-rpc.ts")).openThinRpc("unix"),
  flameletTcp: async (slots?: number): Promise<Rpc> => (await import("./flamelet/rpc.ts")).openFlamelet("tcp", slots),
  flameletUnix: async (slots?: number): Promise<Rpc> => (await import("./flamelet/rpc.ts")).openFlamelet("unix", slots),
  piscina: async (perWorker?: number): Promise<Rpc> => (await import("./peers/piscina.ts")).openPiscina(perWorker),
  comlink: async (): Promise<Rpc> => (await import("./peers/comlink.ts")).openComlink(),
  capnweb: async (): Promise<Rpc> => (await import("./peers/capnweb.ts")).openCapnweb(),
};
