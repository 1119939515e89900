import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startApp, startAppIn } from "./support/app.ts";
import { temporaryFolder } from "./support/folder.ts";
import { upload } from "./support/http.ts";
import { descendants, lives } from "./support/processes.ts";
import { until } from "./support/until.ts";
import { makeVideo } from "./support/videos.ts";

/** The lease of a runner, in ms: so long it may outlive its parent. */
const LEASE = 15_000;

test("killing the parent with -9 leaves no runner and no ffmpeg, and the next start takes over", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "long.mp4");
  await makeVideo(path, { seconds: 12, noisy: true });
  const bytes = await readFile(path);
  await using app = await startApp();
  const sending = upload(`${app.url}/api/videos?every=2`);
  sending.request.on("error", () => {});
  sending.request.write(bytes.subarray(0, bytes.length / 2));
  const { data } = await sending.next("thumbnail");

  const ours = descendants(app.pid).filter(({ command }) => !command.includes("postgres"));
  assert.equal(ours.filter(({ command }) => /src\/main\.ts/.test(command)).length, 1, "one runner");
  assert.equal(ours.filter(({ command }) => /\/ffmpeg /.test(command)).length, 1, "one ffmpeg");
  app.process.kill("SIGKILL");
  await once(app.process, "exit");
  await until("runner and ffmpeg are gone", () => !ours.some(lives), LEASE);

  // The database was left running, and the video in the middle of it.
  await using next = await startAppIn(app.storeDir);
  const video = (await (await fetch(`${next.url}/api/videos/${data.id}`)).json()) as any;
  assert.equal(video.status, "failed");
  assert.equal(video.error.code, "interrupted");
  assert.ok(video.thumbnails.length > 0);
});

test("on SIGTERM an upload is finished, and everything ends", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "long.mp4");
  await makeVideo(path, { seconds: 12, noisy: true });
  const bytes = await readFile(path);
  await using app = await startApp();
  const sending = upload(`${app.url}/api/videos?every=2`);
  sending.request.write(bytes.subarray(0, bytes.length / 2));
  await sending.next("thumbnail");
  const all = descendants(app.pid);
  app.process.kill("SIGTERM");
  const exit = once(app.process, "exit");
  await until("the pool is draining", async () => {
    const pool = (await (await fetch(`${app.url}/api/pool`)).json()) as any;
    return pool.draining === 1;
  });
  sending.request.end(bytes.subarray(bytes.length / 2));
  await sending.ended;
  assert.equal(sending.events.at(-1)?.type, "done");
  assert.deepEqual(await exit, [0, null]);
  await until("nothing is left", () => !all.some(lives));
});
