import type { Thumbnail, Video } from "../database/videos.ts";
import type { Summary } from "../thumbnails/thumbnail-generator.ts";

/** What an upload is waiting for. */
export type Phase =
  /** A runner with a free place. */
  | "queued"
  /** More bytes; thumbnails come meanwhile. */
  | "generating"
  /** More bytes; the index is at the end of the file, so thumbnails come only after the last one. */
  | "spooling"
  /** The last thumbnails; all bytes are here. */
  | "finishing";

export interface Progress {
  readonly phase: Phase;
  /** Bytes received. */
  readonly bytes: number;
  /** Bytes expected, if the sender said so. */
  readonly total: number | null;
  readonly runner: string | null;
}

/** What happens to a video, as the event streams tell it. The field `id` of the data is the video's. */
export type VideoEvent =
  | { readonly type: "created"; readonly id: string; readonly video: Video }
  | ({ readonly type: "progress"; readonly id: string } & Progress)
  | ({ readonly type: "thumbnail"; readonly id: string } & Thumbnail)
  | ({ readonly type: "done"; readonly id: string } & Summary)
  | { readonly type: "error"; readonly id: string; readonly error: { readonly code: string; readonly message: string } }
  | { readonly type: "deleted"; readonly id: string };

/** Whether no more events follow. */
export function isLast(event: VideoEvent): boolean {
  return event.type === "done" || event.type === "error" || event.type === "deleted";
}

type Listener = (event: VideoEvent) => void;

const listeners = new Set<Listener>();

export function publish(event: VideoEvent): void {
  for (const listener of listeners) listener(event);
}

/** Hears all events of all videos until the returned function is called. */
export function subscribe(listener: Listener): () => void {
  // A function of its own for each subscription, so that two of the same listener are two.
  const own: Listener = (event) => listener(event);
  listeners.add(own);
  return () => void listeners.delete(own);
}
