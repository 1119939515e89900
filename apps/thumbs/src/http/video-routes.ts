import { randomUUID } from "node:crypto";
import type { FastifyInstance } from "fastify";
import { config } from "../config.ts";
import type { Owner } from "../database/ownership.ts";
import { createVideo, findVideo, listVideos } from "../database/videos.ts";
import { openThumbnail } from "../store.ts";
import { tooLarge } from "../thumbnails/thumbnail-generator.ts";
import { cancelAndDelete } from "../videos/delete-video.ts";
import { isLast, subscribe, type VideoEvent } from "../videos/events.ts";
import { findUpload } from "../videos/upload.ts";
import { EventStream } from "./event-stream.ts";
import { noSuchVideo, readEvery, readId, readName } from "./parameters.ts";

const LIST_LIMIT = 50;

interface WithId {
  Params: { id: string };
}

/** Everything about videos but the uploading itself. */
export function videoRoutes(owner: Owner): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.get("/api/videos", async () => ({
      videos: await listVideos(LIST_LIMIT),
      limits: { maxUploadBytes: config.maxUploadBytes, maxVideoSeconds: config.maxVideoSeconds },
    }));

    app.post("/api/videos/new", async (request, reply) => {
      const { name, every, size } = (request.body ?? {}) as Record<string, unknown>;
      if (typeof size === "number" && size > config.maxUploadBytes) throw tooLarge(config.maxUploadBytes);
      const id = randomUUID();
      await createVideo({ id, name: readName(name), every: readEvery(every), status: "waiting", owner: owner.id });
      return reply.code(201).send(await findVideo(id));
    });

    app.get<WithId>("/api/videos/:id", async (request) => {
      const video = await findVideo(readId(request.params.id));
      if (video === null) throw noSuchVideo();
      return video;
    });

    app.delete<WithId>("/api/videos/:id", async (request, reply) => {
      if (!(await cancelAndDelete(readId(request.params.id)))) throw noSuchVideo();
      return reply.code(204).send();
    });

    app.get<WithId>("/api/videos/:id/events", async (request, reply) => {
      const id = readId(request.params.id);
      // Listening begins before the look at what is there, so that nothing falls between the two.
      const early: VideoEvent[] = [];
      let hear = (event: VideoEvent): void => void early.push(event);
      const unsubscribe = subscribe((event) => {
        if (event.id === id) hear(event);
      });
      const video = await findVideo(id);
      if (video === null) {
        unsubscribe();
        throw noSuchVideo();
      }
      const stream = new EventStream(reply, unsubscribe);
      const sent = new Set<number>();
      hear = (event) => {
        if (event.type === "created") return;
        if (event.type === "thumbnail") {
          if (sent.has(event.n)) return;
          sent.add(event.n);
        }
        stream.send(event.type, event);
        if (isLast(event)) stream.close();
      };
      stream.send("created", { type: "created", id, video: { ...video, thumbnails: [] } });
      for (const thumbnail of video.thumbnails) hear({ type: "thumbnail", id, ...thumbnail });
      const upload = findUpload(id);
      if (upload !== null) hear({ type: "progress", id, ...upload.progress });
      for (const event of early) hear(event);
      if (early.some(isLast)) return;
      if (video.error !== null) hear({ type: "error", id, error: video.error });
      else if (video.status === "done") {
        hear({ type: "done", id, thumbnails: video.thumbnails.length, duration: video.duration });
      }
    });

    app.get<{ Params: { id: string; n: string } }>(
      "/api/videos/:id/thumbnails/:n(^\\d{1,7}).png",
      async (request, reply) => {
        const png = await openThumbnail(readId(request.params.id), Number(request.params.n));
        if (png === null) throw noSuchVideo();
        // A thumbnail never changes: its address has the id of the video in it.
        reply.header("cache-control", "public, max-age=31536000, immutable");
        return reply.type("image/png").send(png);
      },
    );
  };
}
