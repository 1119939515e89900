import { randomUUID } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { config } from "../config.ts";
import type { Owner } from "../database/ownership.ts";
import { claimVideo, createVideo, findVideo, type Video } from "../database/videos.ts";
import { tooLarge } from "../thumbnails/thumbnail-generator.ts";
import { VideoError } from "../video-error.ts";
import { isLast, subscribe } from "../videos/events.ts";
import { Upload } from "../videos/upload.ts";
import { openBody, type UploadBody } from "../videos/upload-body.ts";
import { discardBody } from "./errors.ts";
import { EventStream } from "./event-stream.ts";
import { noSuchVideo, readEvery, readId, readLength, readName } from "./parameters.ts";

/** The routes whose bodies are videos. They are read as they come and never held as a whole. */
export function uploadRoutes(owner: Owner): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser("*", (_request, body, done) => done(null, body));

    // For programs: one request, whose answer begins while its body is still being sent.
    app.post("/api/videos", async (request, reply) => {
      const { name, every } = request.query as Record<string, unknown>;
      const values = { id: randomUUID(), name: readName(name), every: readEvery(every) };
      const { body, total, gone } = await receive(request);
      await createVideo({ ...values, status: "uploading", owner: owner.id });
      const upload = new Upload(await mustFind(values.id), total);
      if (wantsJson(request)) {
        await upload.run(body.chunks, gone);
        return reply.code(201).send(await mustFind(values.id));
      }
      await streamEvents(request, reply, values.id, () => upload.run(body.chunks, gone));
    });

    // For the page: a browser cannot read an answer while it sends, so it makes the video first and listens elsewhere.
    app.put("/api/videos/:id", async (request) => {
      const id = readId((request.params as { id: string }).id);
      if ((await findVideo(id)) === null) throw noSuchVideo();
      if (!(await claimVideo(id, owner.id))) {
        throw new VideoError("already_uploaded", "This video was uploaded already.");
      }
      const { body, total, gone } = await receive(request).catch((error: unknown) => refuse(id, error));
      await new Upload(await mustFind(id), total).run(body.chunks, gone);
      return await mustFind(id);
    });
  };
}

async function receive(
  request: FastifyRequest,
): Promise<{ body: UploadBody; total: number | null; gone: AbortSignal }> {
  const total = readLength(request.headers);
  if (total !== null && total > config.maxUploadBytes) throw tooLarge(config.maxUploadBytes);
  const gone = new AbortController();
  request.raw.once("close", () => {
    if (!request.raw.complete) gone.abort(new VideoError("cancelled", "The upload broke off."));
  });
  // The response goes over the same connection, so giving up on the body must not destroy it.
  const chunks = request.raw.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>;
  return { body: await openBody(chunks, config.maxUploadBytes), total, gone: gone.signal };
}

/** The video exists already, so those who listen have to hear that it was refused. */
async function refuse(id: string, error: unknown): Promise<never> {
  await new Upload(await mustFind(id), null).run(nothing(), AbortSignal.abort(error));
  throw error;
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function streamEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  id: string,
  run: () => Promise<unknown>,
): Promise<void> {
  const unsubscribe = subscribe((event) => {
    if (event.id !== id) return;
    stream.send(event.type, event);
    if (!isLast(event)) return;
    stream.close();
    discardBody(request);
  });
  const stream = new EventStream(reply, unsubscribe);
  // Its end was sent as an event.
  await run().catch(() => {});
}

async function mustFind(id: string): Promise<Video> {
  const video = await findVideo(id);
  if (video === null) throw noSuchVideo();
  return video;
}

function wantsJson(request: FastifyRequest): boolean {
  return (request.headers.accept ?? "").includes("application/json");
}
