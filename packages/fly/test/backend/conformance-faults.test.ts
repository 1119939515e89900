/** The same suite as in conformance.test.ts, while the Machines API loses answers, refuses, fails, and tells old news. */
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Emulator } from "@flamelet/fly-emulator";
import { testBackend } from "flamelet/testing";
import { FlyApi } from "../../src/index.ts";
import { backend, BUILD, startFly, UNLIMITED } from "./harness.ts";

process.env["FLAME_BUILD_ID"] = BUILD;

let emulator: Emulator;
let struck = 0;
before(async () => {
  emulator = await startFly(null);
  const { faults, events } = emulator.world;
  // Each fifth call goes wrong, rather than some at random: the client gives up after four times in a row.
  const kinds = ["lost-reply", "rate-limit", "error"] as const;
  let calls = 0;
  events.on("fault", (_fault, what) => {
    if (what === "struck") struck += 1;
  });
  events.on("call", () => {
    if (++calls % 5 === 0) faults.add({ kind: kinds[(calls / 5) % kinds.length] ?? "error", times: 1 });
  });
  faults.add({ kind: "no-capacity", region: "ams", scope: "region", action: "create", probability: 0.5 });
});
after(async () => {
  await emulator.close();
  assert.ok(struck >= 10, `only ${struck} calls went wrong`);
});

testBackend({
  name: "fly, when much goes wrong there",
  backend: () => {
    const { url: baseUrl, token } = emulator;
    // No pauses: how long they are is tested elsewhere.
    const api = new FlyApi({ baseUrl, token, rates: UNLIMITED, random: () => 0 });
    return backend(emulator, { api, regions: ["ams", "lhr"] });
  },
  // The Machines API does not have what machines write.
  without: ["output"],
  test,
  describe,
});
