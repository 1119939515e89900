import assert from "node:assert/strict";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { startApp, type App } from "./support/app.ts";
import { temporaryFolder } from "./support/folder.ts";
import { post, readEvents, upload } from "./support/http.ts";
import { descendants } from "./support/processes.ts";
import { until } from "./support/until.ts";
import { makeVideo } from "./support/videos.ts";

describe("the API of the running app, with runners that are processes", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let app: App;
  let long: Buffer;
  const file = (name: string): string => join(folder.path, name);

  before(async () => {
    folder = await temporaryFolder();
    await makeVideo(file("short.mp4"));
    await makeVideo(file("index-at-end.mp4"), { index: "end" });
    await makeVideo(file("long.mp4"), { seconds: 12, noisy: true });
    long = await readFile(file("long.mp4"));
    app = await startApp({ MAX_UPLOAD_MIB: "20", MAX_RUNNERS: "3" });
  });

  after(async () => {
    await app?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const get = async (path: string): Promise<any> => (await fetch(app.url + path)).json();
  const ffmpegs = (): number => descendants(app.pid).filter(({ command }) => /\/ffmpeg /.test(command)).length;
  const runnersGone = (): Promise<unknown> =>
    until("the runners go", async () => (await get("/api/pool")).runners === 0);

  test("thumbnails come as events while the upload goes on, made and kept by a runner", async () => {
    const sending = upload(`${app.url}/api/videos?name=a%20b.mp4&every=2`);
    sending.request.write(long.subarray(0, long.length / 2));
    const created = await sending.next("created");
    assert.equal(created.data.video.name, "a b.mp4");
    const { id } = created.data;
    const first = await sending.next("thumbnail");
    assert.equal(first.data.n, 0);

    // Half of the bytes are not sent yet, but the picture is in the store and its row in the database already.
    const video = await get(`/api/videos/${id}`);
    assert.equal(video.status, "uploading");
    assert.match(video.runner, /^ffmpeg-/);
    assert.equal(video.thumbnails[0].url, first.data.url);
    const png = await fetch(app.url + first.data.url);
    assert.equal(png.headers.get("content-type"), "image/png");
    assert.equal(Buffer.from(await png.arrayBuffer()).readUInt32BE(16), 320);

    // Somebody who comes late gets what was there before, and then what comes.
    const late = (async () => {
      const types: string[] = [];
      const response = await fetch(`${app.url}/api/videos/${id}/events`);
      for await (const { type, data } of readEvents(response.body!))
        types.push(type === "thumbnail" ? `#${data.n}` : type);
      return types;
    })();

    sending.request.end(long.subarray(long.length / 2));
    await sending.ended;
    assert.equal(await sending.status, 200);
    const thumbnails = sending.events.filter(({ type }) => type === "thumbnail");
    assert.deepEqual(
      thumbnails.map(({ data }) => Math.round(data.seconds)),
      [0, 2, 4, 6, 8, 10],
    );
    assert.equal(sending.events.at(-1)?.type, "done");
    assert.ok(sending.events.some(({ type, data }) => type === "progress" && data.runner === video.runner));

    const seen = await late;
    assert.equal(seen[0], "created");
    assert.deepEqual(
      seen.filter((type) => type.startsWith("#")),
      ["#0", "#1", "#2", "#3", "#4", "#5"],
    );
    assert.equal(seen.at(-1), "done");
    assert.equal((await get(`/api/videos/${id}`)).status, "done");
    assert.equal((await get("/api/videos")).videos[0].id, id);
  });

  test("JSON is given at the end to whoever asks for it", async () => {
    const response = await post(`${app.url}/api/videos?every=3&name=j`, file("index-at-end.mp4"));
    assert.equal(response.status, 201);
    const video = (await response.json()) as any;
    assert.deepEqual(
      video.thumbnails.map(({ seconds }: any) => Math.round(seconds)),
      [0, 3],
    );
    assert.equal(video.status, "done");
    assert.ok(video.sizeBytes > 1000);
  });

  test("a page makes the video first and uploads it then, once", async () => {
    const made = await fetch(`${app.url}/api/videos/new`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ name: "p.mp4", every: 2 }),
    });
    assert.equal(made.status, 201);
    const { id, status } = (await made.json()) as any;
    assert.equal(status, "waiting");
    const put = async (): Promise<Response> =>
      await fetch(`${app.url}/api/videos/${id}`, { method: "PUT", body: await readFile(file("short.mp4")) });
    const first = await put();
    assert.equal(first.status, 200);
    assert.equal(((await first.json()) as any).thumbnails.length, 3);
    await refused(await put(), 409, "already_uploaded");
  });

  test("errors have a status, a code and a sentence", async () => {
    await writeFile(file("notes.txt"), "These are only words.");
    await refused(await post(`${app.url}/api/videos`, file("notes.txt")), 415, "not_a_video", /This is a text file/);
    await refused(await post(`${app.url}/api/videos`, file("notes.txt"), { accept: "*/*" }), 415, "not_a_video");
    await writeFile(file("broken.mkv"), Buffer.concat([Buffer.from([0x1a, 0x45, 0xdf, 0xa3]), Buffer.alloc(9000, 1)]));
    await refused(await post(`${app.url}/api/videos`, file("broken.mkv")), 422, "unreadable_video", /ffmpeg/);
    await refused(await post(`${app.url}/api/videos?every=often`, file("short.mp4")), 400, "bad_request");
    const nowhere = "00000000-0000-4000-8000-000000000000";
    for (const path of [`/api/videos/${nowhere}`, "/api/videos/x", `/api/videos/${nowhere}/events`, "/nothing"]) {
      await refused(await fetch(app.url + path), 404, "not_found");
    }
    for (const path of [`${nowhere}/thumbnails/0.png`, `${nowhere}/thumbnails/..%2f..%2fetc.png`]) {
      await refused(await fetch(`${app.url}/api/videos/${path}`), 404, "not_found");
    }
    await refused(await fetch(`${app.url}/api/videos/${nowhere}`, { method: "DELETE" }), 404, "not_found");
    await refused(await fetch(`${app.url}/api/videos/${nowhere}`, { method: "PUT", body: "x" }), 404, "not_found");
    const headers = { origin: "https://elsewhere.example" };
    await refused(await fetch(`${app.url}/api/videos/${nowhere}`, { method: "DELETE", headers }), 403, "forbidden");
  });

  test("what is too large is refused: at once if it says so, and else when it has become too large", async () => {
    await writeFile(file("huge.mp4"), Buffer.concat([long, Buffer.alloc(21 * 1024 * 1024)]));
    const bytes = await readFile(file("huge.mp4"));
    await refused(await fetch(`${app.url}/api/videos`, { method: "POST", body: bytes }), 413, "too_large", /20 MiB/);
    await refused(await post(`${app.url}/api/videos`, file("huge.mp4")), 413, "too_large");
  });

  test("cancelling ends ffmpeg, and everything of the video is gone", async () => {
    const sending = upload(`${app.url}/api/videos?every=2`);
    sending.request.on("error", () => {});
    sending.request.write(long.subarray(0, long.length / 2));
    const { data } = await sending.next("thumbnail");
    assert.equal(ffmpegs(), 1);
    const response = await fetch(`${app.url}/api/videos/${data.id}`, { method: "DELETE" });
    assert.equal(response.status, 204);
    assert.equal((await sending.next("error")).data.error.code, "cancelled");
    await until("ffmpeg ends", () => ffmpegs() === 0);
    await refused(await fetch(`${app.url}/api/videos/${data.id}`), 404, "not_found");
    await refused(await fetch(app.url + data.url), 404, "not_found");
    await runnersGone();
  });

  test("a sender that goes away ends ffmpeg and frees the runner; what was made stays", async () => {
    const sending = upload(`${app.url}/api/videos?every=2`);
    sending.request.on("error", () => {});
    sending.request.write(long.subarray(0, long.length / 2));
    const { data } = await sending.next("thumbnail");
    sending.request.destroy();
    await until("ffmpeg ends", () => ffmpegs() === 0);
    const video = await until("it failed", async () => {
      const found = await get(`/api/videos/${data.id}`);
      return found.status === "failed" && found;
    });
    assert.equal(video.error.message, "The upload broke off.");
    assert.ok(video.thumbnails.length > 0);
    await runnersGone();
  });

  test("several videos at once are spread over runners, and one too many waits for its turn", async () => {
    const uploads = Array.from({ length: 4 }, () => upload(`${app.url}/api/videos?every=2`));
    for (const { request } of uploads) request.write(long.subarray(0, long.length / 2));
    const busy = await until("three are busy", async () => {
      const state = await get("/api/pool");
      return state.busy === 3 && state.queued === 1 && state;
    });
    assert.equal(busy.runners, 3);
    for (const { request } of uploads) request.end(long.subarray(long.length / 2));
    await Promise.all(uploads.map(({ ended }) => ended));
    const runners = new Set<string>();
    for (const { events } of uploads) {
      assert.equal(events.at(-1)?.type, "done");
      const progress = events.findLast(({ type }) => type === "progress");
      runners.add(progress?.data.runner);
    }
    assert.equal(runners.size, 3);
    // They go by themselves when they have been idle for the time that the environment says.
    await runnersGone();
    assert.equal(descendants(app.pid).filter(({ command }) => /src\/main\.ts/.test(command)).length, 0);
  });

  test("the state of the pool can be followed, and the health asked for", async () => {
    assert.deepEqual(await get("/healthz"), { ok: true });
    const abort = new AbortController();
    const response = await fetch(`${app.url}/api/pool/events`, { signal: abort.signal });
    const states: any[] = [];
    const following = (async () => {
      for await (const { data } of readEvents(response.body!)) states.push(data);
    })();
    const sending = upload(`${app.url}/api/videos?every=2`);
    sending.request.write(long.subarray(0, long.length / 2));
    await until("it is busy", () => states.some(({ busy }) => busy === 1));
    sending.request.end(long.subarray(long.length / 2));
    await sending.ended;
    await runnersGone();
    await until("the end of it is told", () => states.at(-1)?.runners === 0 && states.length > 1);
    abort.abort();
    await assert.rejects(following, { name: "AbortError" });
    assert.deepEqual(states[0], { max: 3, runners: 0, booting: 0, idle: 0, busy: 0, draining: 0, queued: 0 });
    assert.ok(states.some(({ booting }) => booting === 1));
    assert.ok(states.some(({ idle }) => idle === 1));
  });
});

async function refused(response: Response, status: number, code: string, message = /./): Promise<void> {
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  assert.deepEqual([response.status, error.code], [status, code]);
  assert.match(error.message, message);
}
