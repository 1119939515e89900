import assert from "node:assert/strict";
import { readdir, readFile, readlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { randomUUID } from "node:crypto";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import type { Thumbnail } from "../src/database/videos.ts";
import type {
  GeneratorOptions,
  InputKind,
  Summary,
  ThumbnailGenerator,
} from "../src/thumbnails/thumbnail-generator.ts";
import { stopPostgres } from "./support/app.ts";
import { temporaryFolder } from "./support/folder.ts";
import { descendants } from "./support/processes.ts";
import { makeSound, makeVideo } from "./support/videos.ts";

describe("the thumbnail generator, with real ffmpeg, files and Postgres", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let postgres: EmbeddedPostgres;
  let modules: {
    Generator: typeof ThumbnailGenerator;
    videos: typeof import("../src/database/videos.ts");
    connection: typeof import("../src/database/connection.ts");
  };

  before(async () => {
    folder = await temporaryFolder();
    postgres = await startEmbeddedPostgres(join(folder.path, "postgres"), "thumbs");
    // The app's modules read their configuration when they are loaded.
    process.env["DATABASE_URL"] = postgres.url;
    process.env["STORE_DIR"] = folder.path;
    // What others leave in the folder that all share is not to be taken for ours.
    process.env["TMPDIR"] = folder.path;
    await (await import("../src/database/migrate.ts")).migrate();
    modules = {
      Generator: (await import("../src/thumbnails/thumbnail-generator.ts")).ThumbnailGenerator,
      videos: await import("../src/database/videos.ts"),
      connection: await import("../src/database/connection.ts"),
    };
  });

  after(async () => {
    await modules.connection.closeConnections();
    await stopPostgres(folder.path);
    await folder[Symbol.asyncDispose]();
  });

  async function newVideo(options: Partial<GeneratorOptions> = {}): Promise<GeneratorOptions> {
    const videoId = randomUUID();
    await modules.videos.createVideo({ id: videoId, name: "test", every: 2, status: "uploading", owner: 1 });
    return { videoId, every: 2, width: 80, maxBytes: 50_000_000, maxSeconds: 3600, ...options };
  }

  async function run(options: GeneratorOptions, bytes: Buffer, step = 10_000): Promise<Run> {
    await using generator = new modules.Generator(options);
    const made: Thumbnail[] = [];
    let input: InputKind | null = null;
    const watch = async (): Promise<void> => {
      for await (const thumbnail of generator.thumbnails()) made.push(thumbnail);
    };
    const feed = async (): Promise<Summary> => {
      for (let at = 0; at < bytes.length; at += step) input = await generator.write(bytes.subarray(at, at + step));
      return await generator.end();
    };
    const [summary] = await Promise.all([feed(), watch()]);
    return { made, input, summary };
  }

  const pngSize = (png: Buffer): [number, number] => [png.readUInt32BE(16), png.readUInt32BE(20)];

  for (const [name, index, expected] of [
    ["a.mp4", "start", "pipe"],
    ["b.mp4", "end", "spool"],
    ["c.mov", "start", "pipe"],
    ["d.mov", "end", "spool"],
    ["e.webm", "start", "pipe"],
    ["f.mkv", "start", "pipe"],
  ] as const) {
    test(`${name} with its index at the ${index} goes through a ${expected}`, async () => {
      const path = join(folder.path, name);
      await makeVideo(path, { index });
      const options = await newVideo();
      const { made, input, summary } = await run(options, await readFile(path));
      assert.equal(input, expected);
      assert.deepEqual(
        made.map(({ n }) => n),
        [0, 1, 2],
      );
      assert.deepEqual(
        made.map(({ seconds }) => Math.round(seconds * 10) / 10),
        [0, 2, 4],
      );
      assert.equal(summary.thumbnails, 3);
      assert.ok(Math.abs(summary.duration! - 6) < 0.2, `duration ${summary.duration}`);

      const video = await modules.videos.findVideo(options.videoId);
      assert.equal(video?.status, "done");
      assert.deepEqual(video?.thumbnails, made);
      const kept = await readdir(join(folder.path, "thumbnails", options.videoId));
      assert.deepEqual(kept.sort(), ["0.png", "1.png", "2.png"]);
      const png = await readFile(join(folder.path, "thumbnails", options.videoId, "2.png"));
      assert.deepEqual(pngSize(png), [80, 60]);
    });
  }

  test("thumbnails come while bytes are still to be sent", async () => {
    const path = join(folder.path, "long.mp4");
    await makeVideo(path, { seconds: 12, noisy: true });
    const bytes = await readFile(path);
    await using generator = new modules.Generator(await newVideo());
    const half = Math.floor(bytes.length / 2);
    for (let at = 0; at < half; at += 10_000) await generator.write(bytes.subarray(at, Math.min(at + 10_000, half)));
    // Nothing more is sent before the first ones are here, so this would hang if they waited for the end.
    const thumbnails = generator.thumbnails();
    assert.equal((await thumbnails.next()).value?.n, 0);
    assert.equal((await thumbnails.next()).value?.n, 1);
  });

  test("a writer is held back while ffmpeg does not read, and goes on when it does", async () => {
    const bytes = await readFile(join(folder.path, "long.mp4"));
    await using generator = new modules.Generator(await newVideo());
    await generator.write(bytes.subarray(0, 200_000));
    const { pid } = descendants(process.pid).find(({ command }) => /ffmpeg/.test(command))!;
    process.kill(pid, "SIGSTOP");
    let taken = 200_000;
    let held: Promise<unknown> | undefined;
    while (held === undefined && taken < bytes.length) {
      const write = generator.write(bytes.subarray(taken, taken + 50_000));
      taken += 50_000;
      if (!(await Promise.race([write.then(() => true), sleep(500, false)]))) held = write;
    }
    assert.ok(taken < 1_000_000 && taken < bytes.length, `${taken} of ${bytes.length} bytes were taken`);
    process.kill(pid, "SIGCONT");
    await held;
  });

  test("a byte at a time makes no difference", async () => {
    const path = join(folder.path, "short.mkv");
    await makeVideo(path, { seconds: 1 });
    const { made } = await run(await newVideo({ every: 0.5 }), await readFile(path), 1);
    assert.deepEqual(
      made.map(({ seconds }) => Math.round(seconds * 10) / 10),
      [0, 0.5],
    );
  });

  test("sound without a picture, garbage, and a cut-off index are explained", async () => {
    const sound = join(folder.path, "sound.mp4");
    await makeSound(sound);
    await assert.rejects(run(await newVideo(), await readFile(sound)), {
      code: "unreadable_video",
      message: /no picture in this file/,
    });
    const garbage = Buffer.concat([Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), Buffer.alloc(50_000, 7)]);
    await assert.rejects(run(await newVideo(), garbage), {
      code: "unreadable_video",
      message: /could not read this video/,
    });
    const whole = await readFile(join(folder.path, "b.mp4"));
    await assert.rejects(run(await newVideo(), whole.subarray(0, whole.length / 2)), {
      code: "unreadable_video",
      message: /index is missing/,
    });
    await assert.rejects(run(await newVideo(), Buffer.from("a text, and no video")), {
      code: "not_a_video",
      message: /This is a text file/,
    });
    await assert.rejects(run(await newVideo(), Buffer.alloc(0)), { code: "not_a_video", message: /empty/ });
  });

  test("what is too large or too long is refused", async () => {
    const bytes = await readFile(join(folder.path, "a.mp4"));
    await assert.rejects(run(await newVideo({ maxBytes: bytes.length - 1 }), bytes), { code: "too_large" });
    await assert.rejects(run(await newVideo({ maxSeconds: 5 }), bytes), {
      code: "too_long",
      message: "The video is longer than 5 seconds.",
    });
  });

  test("cancelling ends ffmpeg and leaves no temporary file", async () => {
    const ffmpegs = (): number => descendants(process.pid).filter(({ command }) => /ffmpeg/.test(command)).length;
    // A spool has no name any more, but it is open.
    const spools = async (): Promise<number> => {
      const links = await readdir("/proc/self/fd");
      const files = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => "")));
      return files.filter((path) => /flamelet-thumbs-.*\(deleted\)/.test(path)).length;
    };

    const piped = new modules.Generator(await newVideo());
    await piped.write((await readFile(join(folder.path, "a.mp4"))).subarray(0, 20_000));
    assert.equal(ffmpegs(), 1);
    await piped.cancel();
    assert.equal(ffmpegs(), 0);
    await assert.rejects(piped.write(Buffer.alloc(1)), { code: "cancelled" });
    await assert.rejects(piped.thumbnails().next(), { code: "cancelled" });

    const spooled = new modules.Generator(await newVideo());
    await spooled.write((await readFile(join(folder.path, "b.mp4"))).subarray(0, 20_000));
    assert.equal(await spools(), 2);
    await spooled[Symbol.asyncDispose]();
    assert.equal(await spools(), 0);
    assert.deepEqual(
      (await readdir(tmpdir())).filter((name) => /^flamelet-thumbs-\w{6}$/.test(name)),
      [],
    );
  });

  test("a failure while ffmpeg has more to give than is read does not wait for it", async () => {
    const path = join(folder.path, "many.mp4");
    await makeVideo(path, { index: "end", noisy: true });
    const options = await newVideo({ every: 0.1, width: 160 });
    // The first picture cannot be kept, and by then ffmpeg has written many more.
    await modules.videos.deleteVideo(options.videoId);
    await assert.rejects(run(options, await readFile(path)), { code: "cancelled" });
  });

  test("a video that is deleted meanwhile leaves nothing behind", async () => {
    const options = await newVideo();
    await modules.videos.deleteVideo(options.videoId);
    await assert.rejects(run(options, await readFile(join(folder.path, "a.mp4"))), { code: "cancelled" });
    await assert.rejects(readdir(join(folder.path, "thumbnails", options.videoId)), { code: "ENOENT" });
  });
});

interface Run {
  readonly made: Thumbnail[];
  readonly input: InputKind | null;
  readonly summary: Summary;
}
