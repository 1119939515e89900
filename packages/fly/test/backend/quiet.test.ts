import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BUILD, image, IMAGE, startFly } from "./harness.ts";

const parent = fileURLToPath(new URL("./fixtures/parent.ts", import.meta.url));

test("a parent with nothing to do ends, though it has a runner, and the runner goes", async (t) => {
  const { url, token, world } = await startFly(t, { images: { [IMAGE]: image(parent) } });
  const { stdout } = await promisify(execFile)(process.execPath, [parent], {
    env: { ...process.env, FLY_FLAPS_BASE_URL: url, FLY_API_TOKEN: token, FLAME_BUILD_ID: BUILD },
  });
  assert.match(stdout, /it ran on fly/);
  // By its lease, if nobody told it.
  while (world.machines().length > 0) await new Promise((resolve) => world.events.once("machine", resolve));
});
