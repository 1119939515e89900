import { flame } from "flamelet";
import { addThumbnail, finishVideo, setRunner, thumbnailUrl, type Thumbnail } from "../database/videos.ts";
import { inspectHead, type Demuxer, type Verdict } from "../media/container.ts";
import { Ffmpeg, type FfmpegOptions } from "../media/ffmpeg.ts";
import { Spool } from "../media/spool.ts";
import { putThumbnail, removeThumbnail } from "../store.ts";
import { VideoError } from "../video-error.ts";
import { Queue } from "./queue.ts";

export interface GeneratorOptions {
  readonly videoId: string;
  /** Seconds of video between thumbnails. */
  readonly every: number;
  /** Width of a thumbnail, in pixels. */
  readonly width: number;
  readonly maxBytes: number;
  readonly maxSeconds: number;
}

/** What is known of a video when all its thumbnails are made. */
export interface Summary {
  readonly thumbnails: number;
  /** Seconds, or null if the file does not say. */
  readonly duration: number | null;
}

/** How the bytes reach ffmpeg: through a pipe as they come, or from a file once they are all there. */
export type InputKind = "pipe" | "spool";

/**
 * Makes the thumbnails of one video while its bytes arrive, and keeps them: the pictures go to the store and their rows
 * to the database through this app's own modules, wherever this object lives. It is written for one process; that it
 * may live on a runner is nowhere to be seen in it.
 */
export class ThumbnailGenerator implements AsyncDisposable {
  readonly #options: GeneratorOptions;
  readonly #made: Queue<Thumbnail> = new Queue();
  #head: Uint8Array = new Uint8Array();
  #plan: Exclude<Verdict, { kind: "more" | "reject" }> | undefined;
  #bytes = 0;
  #ffmpeg: Ffmpeg | undefined;
  #spool: Spool | undefined;
  /** Resolves when ffmpeg ended well and everything that it made is kept. */
  #work: Promise<Summary> | undefined;
  #cancelled = false;

  constructor(options: GeneratorOptions) {
    this.#options = options;
  }

  /** Notes in the database where the work is done. Returns the name of that place, null outside of runners. */
  async start(): Promise<string | null> {
    const runner = flame.parent?.runnerId ?? null;
    await setRunner(this.#options.videoId, runner);
    return runner;
  }

  /**
   * Takes the next bytes. Resolves when there is room for more: whoever waits for it goes as fast as ffmpeg goes.
   * Tells how the bytes are used, which is null until enough of them have come to know.
   */
  async write(bytes: Uint8Array): Promise<InputKind | null> {
    this.#throwIfCancelled();
    this.#bytes += bytes.byteLength;
    if (this.#bytes > this.#options.maxBytes) throw await this.#give(tooLarge(this.#options.maxBytes));
    if (this.#plan === undefined) {
      this.#head = Buffer.concat([this.#head, bytes]);
      bytes = await this.#begin(false);
    }
    if (bytes.byteLength > 0) await this.#feed(bytes);
    return this.#plan?.kind ?? null;
  }

  /** There are no more bytes. Resolves when the last thumbnail is kept. */
  async end(): Promise<Summary> {
    this.#throwIfCancelled();
    if (this.#plan === undefined) await this.#feed(await this.#begin(true));
    if (this.#spool !== undefined) {
      this.#run({ kind: "file", fd: this.#spool.readFrom }, this.#plan!.demuxer);
    }
    this.#ffmpeg?.end();
    const summary = await this.#work!;
    await finishVideo(this.#options.videoId, this.#bytes, summary.duration);
    this.#made.end();
    return summary;
  }

  /** Each thumbnail when it has been kept. Ends after the last one, and fails if the work does. */
  async *thumbnails(): AsyncGenerator<Thumbnail, void, undefined> {
    yield* this.#made;
  }

  /** Ends ffmpeg and forgets the temporary file. What was kept stays. */
  async cancel(): Promise<void> {
    this.#cancelled = true;
    this.#made.fail(new VideoError("cancelled", "The video was cancelled."));
    await this.#ffmpeg?.kill();
    await this.#work?.catch(() => {});
    await this.#spool?.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel();
  }

  /** Decides how to read the video, once enough of it is there, and returns the bytes to begin with. */
  async #begin(ended: boolean): Promise<Uint8Array> {
    const verdict = inspectHead(this.#head, ended);
    if (verdict.kind === "more") return new Uint8Array();
    if (verdict.kind === "reject") throw await this.#give(new VideoError("not_a_video", verdict.reason));
    this.#plan = verdict;
    if (verdict.kind === "pipe") this.#run({ kind: "pipe" }, verdict.demuxer);
    else this.#spool = await Spool.open();
    const head = this.#head;
    this.#head = new Uint8Array();
    return head;
  }

  async #feed(bytes: Uint8Array): Promise<void> {
    if (this.#spool !== undefined) return await this.#spool.write(bytes);
    // A failure of ffmpeg ends the wait too: it will not read any more.
    await Promise.race([this.#ffmpeg!.write(bytes), this.#work]);
  }

  #run(input: FfmpegOptions["input"], demuxer: Demuxer): void {
    const { every, width } = this.#options;
    this.#ffmpeg = new Ffmpeg({ input, demuxer, every, width });
    this.#work = this.#keepAll(this.#ffmpeg);
    this.#work.catch((error: unknown) => this.#made.fail(error));
  }

  async #keepAll(ffmpeg: Ffmpeg): Promise<Summary> {
    const { videoId, maxSeconds } = this.#options;
    const frames = ffmpeg.frames();
    let count = 0;
    try {
      for (;;) {
        const next = await frames.next();
        this.#throwIfCancelled();
        if (Math.max(ffmpeg.log.duration ?? 0, next.done ? 0 : next.value.seconds) > maxSeconds)
          throw tooLong(maxSeconds);
        if (next.done) {
          if (next.value !== 0 || count === 0) throw new VideoError("unreadable_video", ffmpeg.log.explain());
          return { thumbnails: count, duration: ffmpeg.log.duration };
        }
        const { n, seconds, png } = next.value;
        await this.#keep(n, seconds, png);
        this.#made.add({ n, seconds, url: thumbnailUrl(videoId, n) });
        count++;
      }
    } catch (error) {
      // Being cut off while reading from ffmpeg is how a cancel looks from here.
      this.#throwIfCancelled();
      throw error;
    } finally {
      await ffmpeg.kill();
    }
  }

  async #keep(n: number, seconds: number, png: Uint8Array): Promise<void> {
    const { videoId } = this.#options;
    await putThumbnail(videoId, n, png);
    try {
      await addThumbnail(videoId, n, seconds, png.byteLength);
    } catch (error) {
      // The video was deleted meanwhile, perhaps by another copy of the app: leave nothing of it behind.
      await removeThumbnail(videoId, n);
      throw error;
    }
  }

  async #give(error: VideoError): Promise<VideoError> {
    this.#made.fail(error);
    await this.#ffmpeg?.kill();
    return error;
  }

  #throwIfCancelled(): void {
    if (this.#cancelled) throw new VideoError("cancelled", "The video was cancelled.");
  }
}

export function tooLarge(maxBytes: number): VideoError {
  return new VideoError("too_large", `The video is larger than ${Math.floor(maxBytes / 1024 / 1024)} MiB.`);
}

function tooLong(maxSeconds: number): VideoError {
  const hours = maxSeconds / 3600;
  const limit = hours >= 1 ? `${Math.round(hours * 10) / 10} hours` : `${maxSeconds} seconds`;
  return new VideoError("too_long", `The video is longer than ${limit}.`);
}
