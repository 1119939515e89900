import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { isVideoError, statusOf, VideoError } from "../video-error.ts";

/** How long we read on and throw away after an upload was refused, so that its sender gets to read why, in ms. */
const DISCARD_MS = 5_000;

/** Makes every error a JSON object `{ error: { code, message } }` with the status that fits. */
export function reportErrors(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) =>
    report(request, reply, new VideoError("not_found", "There is nothing at this address.")),
  );
  app.setErrorHandler((error: FastifyError, request, reply) => {
    if (isVideoError(error)) return report(request, reply, error);
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return report(request, reply, new VideoError("bad_request", error.message), error.statusCode);
    }
    console.error(error);
    return report(request, reply, new VideoError("internal", "Something went wrong on our side."));
  });
}

function report(
  request: FastifyRequest,
  reply: FastifyReply,
  error: VideoError,
  status = statusOf(error),
): FastifyReply {
  discardBody(request);
  return reply.code(status).send({ error: { code: error.code, message: error.message } });
}

/** A connection that is closed with unread bytes is reset, and the answer may be lost with it. */
export function discardBody({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  raw.resume();
  const timer = setTimeout(() => raw.destroy(), DISCARD_MS);
  raw.once("close", () => clearTimeout(timer));
  raw.once("end", () => clearTimeout(timer));
}
