import type { FastifyInstance } from "fastify";
import { poolState, watchPool } from "../pool-state.ts";
import { subscribe } from "../videos/events.ts";
import { EventStream } from "./event-stream.ts";

/** What goes on right now: the state of the pool, and the events of all videos. */
export async function liveRoutes(app: FastifyInstance): Promise<void> {
  app.get("/healthz", async () => ({ ok: true }));

  app.get("/api/pool", async () => poolState());

  app.get("/api/pool/events", async (_request, reply) => {
    const stream = new EventStream(reply, () => stop());
    const stop = watchPool((state) => stream.send("pool", state));
  });

  // One stream for a whole page: a browser opens only six connections to a server, and uploads need some of them.
  app.get("/api/events", async (_request, reply) => {
    const stream = new EventStream(reply, () => {
      for (const stop of stops) stop();
    });
    const stops = [
      watchPool((state) => stream.send("pool", state)),
      subscribe((event) => stream.send(event.type, event)),
    ];
  });
}
