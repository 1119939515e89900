import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { startApp } from "./support/app.ts";
import { temporaryFolder } from "./support/folder.ts";
import { makeVideo } from "./support/videos.ts";

test("with STORE=database, thumbnails need no disk that all copies of the app share", async () => {
  await using folder = await temporaryFolder();
  const path = join(folder.path, "short.mp4");
  await makeVideo(path);
  await using app = await startApp({ STORE: "database" });
  const response = await fetch(`${app.url}/api/videos?every=1`, {
    method: "POST",
    headers: { accept: "application/json" },
    body: await readFile(path),
  });
  const video = (await response.json()) as { id: string; thumbnails: { url: string }[] };
  assert.ok(video.thumbnails.length > 0);
  const address = app.url + (video.thumbnails[0]?.url ?? "");
  const png = await fetch(address);
  assert.equal(png.headers.get("content-type"), "image/png");
  assert.equal(Buffer.from(await png.arrayBuffer()).toString("latin1", 1, 4), "PNG");
  assert.equal(existsSync(join(app.storeDir, "thumbnails")), false);
  await fetch(`${app.url}/api/videos/${video.id}`, { method: "DELETE" });
  assert.equal((await fetch(address)).status, 404);
});
