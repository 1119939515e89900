import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, systemClock } from "../../src/index.ts";
import { fly } from "../harness.ts";

test("calls are limited for each action and machine or app, as Fly documents, and the bucket fills again", async (t) => {
  let now = Date.now();
  const clock: Clock = { ...systemClock, now: () => now };
  const f = await fly(t, { rateLimit: true, clock });
  const machines: { id: string }[] = [];
  for (let made = 0; made < 3; made++) machines.push(await f.create({}, { skip_launch: true }));
  const fourth = await f.call("POST", "/apps/demo/machines", { config: { image: "demo" } });
  assert.deepEqual([fourth.status, fourth.body], [429, { error: "rate limit exceeded" }]);
  // A start is limited by machine: all of them start at once.
  for (const machine of machines) await f.reach(machine, "stopped");
  const starts = await Promise.all(machines.map(({ id }) => f.call("POST", `/apps/demo/machines/${id}/start`)));
  assert.deepEqual(
    starts.map(({ status }) => status),
    [200, 200, 200],
  );
  now += 1000;
  await f.create({}, { skip_launch: true });
  const gets = await Promise.all(
    Array.from({ length: 11 }, () => f.call("GET", `/apps/demo/machines/${machines[0]?.id}`)),
  );
  assert.equal(gets.filter(({ status }) => status === 429).length, 1);
});
