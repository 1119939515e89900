import { spawn, type ChildProcessByStdio } from "node:child_process";
import { createRequire } from "node:module";
import { once } from "node:events";
import type { Readable, Writable } from "node:stream";
import type { Demuxer } from "./container.ts";
import { FfmpegLog } from "./ffmpeg-log.ts";
import { PngSplitter } from "./png-splitter.ts";

/** One picture out of a video. */
export interface Frame {
  /** Counts from 0. */
  readonly n: number;
  /** When it is shown, in seconds from the start of the video. */
  readonly seconds: number;
  readonly png: Buffer;
}

export interface FfmpegOptions {
  readonly input: { readonly kind: "pipe" } | { readonly kind: "file"; readonly fd: number };
  readonly demuxer: Demuxer;
  /** Seconds between frames. */
  readonly every: number;
  /** Width of each frame in pixels. */
  readonly width: number;
}

const require = createRequire(import.meta.url);

/** The ffmpeg that npm brought, or the one that `FFMPEG_PATH` names. */
export function ffmpegPath(): string {
  return process.env["FFMPEG_PATH"] || (require("@ffmpeg-installer/ffmpeg") as { path: string }).path;
}

/** One run of ffmpeg that turns a video into frames. Iterate `frames()` to the end, and always `kill()` when done. */
export class Ffmpeg {
  readonly log: FfmpegLog = new FfmpegLog();
  readonly #process: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #exited: Promise<number | null>;
  #closed = false;

  constructor(options: FfmpegOptions) {
    this.#process = spawn(ffmpegPath(), commandLine(options), {
      stdio: ["pipe", "pipe", "pipe", options.input.kind === "file" ? options.input.fd : "ignore"],
    }) as ChildProcessByStdio<Writable, Readable, Readable>;
    this.#exited = new Promise((resolve, reject) => {
      this.#process.once("error", reject);
      // "close" and not "exit": by then all that it wrote has been read.
      this.#process.once("close", (code) => {
        this.#closed = true;
        resolve(code);
      });
    });
    // The failure is reported by `frames()`, which every user iterates.
    this.#exited.catch(() => {});
    // ffmpeg may stop reading when it has seen enough or failed; its exit code tells which, not this pipe.
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.setEncoding("utf8").on("data", (text: string) => this.log.push(text));
    if (options.input.kind === "file") this.#process.stdin.end();
  }

  /** Hands bytes to ffmpeg; resolves when it took them, or when it wants no more. */
  async write(bytes: Uint8Array): Promise<void> {
    const { stdin } = this.#process;
    if (!stdin.writable) return;
    await new Promise<void>((resolve) => {
      stdin.write(bytes, () => resolve());
    });
  }

  /** There is no more input. */
  end(): void {
    this.#process.stdin.end();
  }

  /** Ends ffmpeg at once, and resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#closed) return;
    this.#process.kill("SIGKILL");
    // What it wrote and nobody reads any more would keep the process from counting as closed.
    this.#process.stdout.destroy();
    this.#process.stderr.destroy();
    await this.#exited.catch(() => {});
  }

  /** All frames, each as soon as it is made. Returns the exit code; a slow reader slows ffmpeg down. */
  async *frames(): AsyncGenerator<Frame, number | null, undefined> {
    const splitter = new PngSplitter();
    let n = 0;
    for await (const bytes of this.#process.stdout as AsyncIterable<Buffer>) {
      for (const png of splitter.push(bytes)) {
        yield { n, seconds: await this.#timeOf(n), png };
        n++;
      }
    }
    return await this.#exited;
  }

  /** The time of a frame is logged before the frame is written, but through another pipe: it may come a little later. */
  async #timeOf(n: number): Promise<number> {
    const { stderr } = this.#process;
    while (this.log.times[n] === undefined && !stderr.readableEnded && !this.#closed) {
      const abort = new AbortController();
      await Promise.race([
        once(stderr, "data", { signal: abort.signal }),
        once(stderr, "end", { signal: abort.signal }),
      ]).finally(() => abort.abort());
    }
    const seconds = this.log.times[n];
    if (seconds === undefined) throw new Error(`ffmpeg did not say when frame ${n} is shown`);
    return seconds;
  }
}

function commandLine({ input, demuxer, every, width }: FfmpegOptions): string[] {
  // The first frame of each interval. The small number makes up for time stamps such as 4.9999999.
  const interval = (t: string): string => `floor((${t}+0.001)/${every})`;
  const filters = [
    "setpts=PTS-STARTPTS",
    `select='isnan(prev_selected_t)+gt(${interval("t")}\\,${interval("prev_selected_t")})'`,
    `scale=${width}:-1`,
    "showinfo",
    // Numbering the frames one second apart keeps ffmpeg from repeating or dropping any on the way out.
    "setpts=N/TB",
  ];
  return [
    ["-hide_banner", "-nostats", "-loglevel", "info"],
    // What a stranger sent must not make ffmpeg open anything but itself.
    ["-protocol_whitelist", input.kind === "pipe" ? "pipe" : "file", "-f", demuxer],
    ["-i", input.kind === "pipe" ? "pipe:0" : "/dev/fd/3"],
    ["-map", "0:v:0", "-vf", filters.join(","), "-r", "1"],
    ["-f", "image2pipe", "-c:v", "png", "-threads", "1", "pipe:1"],
  ].flat();
}
