import { createReadStream } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { randomUUID } from "node:crypto";
import { flame } from "flamelet";
import { HELP, readArguments, UsageError, type Arguments } from "./cli/arguments.ts";
import { ProgressBar } from "./cli/progress-bar.ts";
import { config } from "./config.ts";
import { openDatabase } from "./database/open.ts";
import type { Owner } from "./database/ownership.ts";
import { createVideo, findVideo } from "./database/videos.ts";
import { ffmpeg } from "./pool.ts";
import { copyThumbnail } from "./store.ts";
import { isVideoError, VideoError } from "./video-error.ts";
import { subscribe } from "./videos/events.ts";
import { openBody } from "./videos/upload-body.ts";
import { Upload } from "./videos/upload.ts";

// A runner is a copy of this very process, and there only the work of the copy is wanted.
if (!flame.isRunner) process.exitCode = await main();

async function main(): Promise<number> {
  try {
    const args = readArguments(process.argv.slice(2));
    if (args === null) console.log(HELP);
    else await run(args);
    return 0;
  } catch (error) {
    if (error instanceof UsageError) {
      console.error(`${error.message}\nTry --help.`);
      return 2;
    }
    if (!isVideoError(error)) throw error;
    console.error(error.message);
    return 1;
  }
}

async function run(args: Arguments): Promise<void> {
  // npm changes to the folder of the package; INIT_CWD is where it was called, which is what paths are meant from.
  const path = resolve(process.env["INIT_CWD"] ?? process.cwd(), args.video);
  const out = args.out === null ? `${path}-thumbs` : resolve(process.env["INIT_CWD"] ?? process.cwd(), args.out);
  const size = await sizeOf(path);
  const database = await openDatabase();
  // Whoever presses Ctrl-C here wants it to stop, not to be finished first.
  ffmpeg.update({ shutdownTimeout: 1_000 });
  try {
    await mkdir(out, { recursive: true });
    const made = await makeThumbnails(path, size, args.every, out, database.owner);
    console.log(`${made} thumbnail${made === 1 ? "" : "s"} in ${out}`);
  } finally {
    await flame.shutdown();
    await database.close();
  }
}

async function makeThumbnails(path: string, size: number, every: number, out: string, owner: Owner): Promise<number> {
  const body = await openBody(createReadStream(path) as AsyncIterable<Uint8Array>, config.maxUploadBytes);
  const id = randomUUID();
  await createVideo({ id, name: basename(path), every, status: "uploading", owner: owner.id });
  const upload = new Upload((await findVideo(id))!, size);
  const bar = new ProgressBar(process.stderr);
  const copies: Promise<void>[] = [];
  const unsubscribe = subscribe((event) => {
    if (event.type === "thumbnail")
      copies.push(copyThumbnail(id, event.n, join(out, fileName(event.n, event.seconds))));
    if (event.type === "thumbnail" || event.type === "progress") bar.show(upload.progress, copies.length);
  });
  try {
    await upload.run(body.chunks, new AbortController().signal);
    await Promise.all(copies);
    return copies.length;
  } finally {
    unsubscribe();
    bar.end();
  }
}

async function sizeOf(path: string): Promise<number> {
  const found = await stat(path).catch(() => null);
  if (found === null) throw new VideoError("not_found", `There is no file ${path}.`);
  if (!found.isFile()) throw new VideoError("not_a_video", `${path} is not a file.`);
  return found.size;
}

/** `0007-00h00m35s.png`: sorted by name they are sorted by time. */
function fileName(n: number, seconds: number): string {
  const whole = Math.floor(seconds + 0.001);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60].map((part) =>
    String(part).padStart(2, "0"),
  );
  return `${String(n).padStart(4, "0")}-${h}h${m}m${s}s.png`;
}
