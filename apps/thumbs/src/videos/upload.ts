import { config } from "../config.ts";
import { failVideo, type Video } from "../database/videos.ts";
import { generate } from "../thumbnails/generate.ts";
import type { Summary } from "../thumbnails/thumbnail-generator.ts";
import { isVideoError, VideoError } from "../video-error.ts";
import { publish, type Progress } from "./events.ts";

/** Progress is told at most this often, in ms. */
const PROGRESS_EVERY_MS = 200;

const going = new Map<string, Upload>();

/** The upload of that video, if it is going on in this parent. */
export function findUpload(id: string): Upload | null {
  return going.get(id) ?? null;
}

/** One upload, from its first byte to its last thumbnail. Everybody who listens hears of it. */
export class Upload {
  progress: Progress;
  readonly #video: Video;
  readonly #cancel: AbortController = new AbortController();
  #ended: Promise<unknown> = Promise.resolve();
  #toldAt = 0;
  /** Runs while there is progress that nobody was told of. */
  #untold: NodeJS.Timeout | undefined;

  /** @param total How many bytes will come, if that is known. */
  constructor(video: Video, total: number | null) {
    this.#video = video;
    this.progress = { phase: "queued", bytes: 0, total, runner: null };
  }

  /**
   * Makes the thumbnails. The video's row exists, and is ours. Rejects with what its sender has to be told.
   * @param gone Aborts when the sender is gone.
   */
  run(chunks: AsyncIterable<Uint8Array>, gone: AbortSignal): Promise<Summary> {
    const result = this.#run(chunks, AbortSignal.any([gone, this.#cancel.signal]));
    this.#ended = result.catch(() => {});
    return result;
  }

  /** Stops it, and resolves when nothing of it goes on any more. */
  async cancel(): Promise<void> {
    this.#cancel.abort(new VideoError("cancelled", "The video was cancelled."));
    await this.#ended;
  }

  async #run(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<Summary> {
    const { id, every } = this.#video;
    going.set(id, this);
    publish({ type: "created", id, video: this.#video });
    this.#tell({});
    try {
      const limits = { maxBytes: config.maxUploadBytes, maxSeconds: config.maxVideoSeconds };
      const summary = await generate(
        { videoId: id, every, width: config.thumbnailWidth, ...limits },
        chunks,
        {
          started: (runner) => this.#tell({ phase: "generating", runner }),
          received: (bytes) => this.#tell({ bytes: this.progress.bytes + bytes }),
          used: (input) => this.#tell({ phase: input === "spool" ? "spooling" : "generating" }),
          ending: () => this.#tell({ phase: "finishing", total: this.progress.bytes }),
          made: (thumbnail) => {
            // A thumbnail is never seen before the bytes that it was made of.
            if (this.#untold !== undefined) this.#publishProgress();
            publish({ type: "thumbnail", id, ...thumbnail });
          },
        },
        signal,
      );
      publish({ type: "done", id, ...summary });
      return summary;
    } catch (error) {
      const told = explain(error);
      await failVideo(id, told.code, told.message).catch((problem: unknown) => console.error(problem));
      publish({ type: "error", id, error: { code: told.code, message: told.message } });
      throw told;
    } finally {
      clearTimeout(this.#untold);
      going.delete(id);
    }
  }

  /** News of another phase are told at once, and mere bytes from time to time, but the last of them too. */
  #tell(change: Partial<Progress>): void {
    const news = change.phase !== undefined && change.phase !== this.progress.phase;
    this.progress = { ...this.progress, ...change };
    const wait = this.#toldAt + PROGRESS_EVERY_MS - Date.now();
    if (news || wait <= 0) this.#publishProgress();
    else this.#untold ??= setTimeout(() => this.#publishProgress(), wait);
  }

  #publishProgress(): void {
    clearTimeout(this.#untold);
    this.#untold = undefined;
    this.#toldAt = Date.now();
    publish({ type: "progress", id: this.#video.id, ...this.progress });
  }
}

/** What a sender is told: our own words for what we know of, and no inner details of anything else. */
function explain(error: unknown): VideoError {
  if (isVideoError(error)) return error;
  const code = (error as { code?: unknown } | null)?.code;
  if (code === "ERR_FLAME_QUEUE_TIMEOUT" || code === "ERR_FLAME_QUEUE_FULL") {
    return new VideoError("busy", "All runners are busy. Please try again in a moment.");
  }
  if (code === "ERR_FLAME_POOL_CLOSED") return new VideoError("busy", "The server is about to stop. Please try again.");
  console.error(error);
  if (code === "ERR_FLAME_RUNNER_LOST") {
    return new VideoError("interrupted", "The runner that worked on this video was lost. Please try again.");
  }
  return new VideoError("internal", "Something went wrong on our side. Please try again.");
}
