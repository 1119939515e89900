import { VideoError } from "../video-error.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const DEFAULT_EVERY = 5;
const MAX_NAME = 200;

export function noSuchVideo(): VideoError {
  return new VideoError("not_found", "There is no such video.");
}

/** The id of a video. Anything that cannot be one is as good as one that does not exist. */
export function readId(value: unknown): string {
  if (typeof value !== "string" || !UUID.test(value)) throw noSuchVideo();
  return value;
}

/** Seconds between thumbnails. */
export function readEvery(value: unknown): number {
  if (value === undefined || value === "") return DEFAULT_EVERY;
  const every = typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  if (!(every >= 0.1 && every <= 3600)) {
    throw new VideoError("bad_request", '"every" must be a number of seconds from 0.1 to 3600.');
  }
  return every;
}

/** The name under which a video is shown. */
export function readName(value: unknown): string {
  const name = typeof value === "string" ? value.replace(/\p{C}/gu, "").trim().slice(0, MAX_NAME) : "";
  return name === "" ? "video" : name;
}

/** How many bytes a request brings, if it says so. */
export function readLength(headers: { readonly "content-length"?: string | undefined }): number | null {
  const length = headers["content-length"];
  return length === undefined ? null : Number(length);
}
