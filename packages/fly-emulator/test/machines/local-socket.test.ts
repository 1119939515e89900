import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { request } from "node:http";
import { test } from "node:test";
import { fly } from "../harness.ts";

/** Calls the API by a unix socket, without a token. */
function call(socketPath: string, method: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    request({ socketPath, method, path, host: "flaps" }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    })
      .on("error", reject)
      .end();
  });
}

test("by its own socket a machine suspends itself without a token, and touches nobody else", async (t) => {
  const f = await fly(t);
  const machine = await f.create();
  const other = await f.create();
  await f.reach(other, "started");
  const { env } = await f.ask(machine);
  const socket = env.FLY_EMULATOR_API_SOCKET;
  assert.equal(socket, `${env.HOME}/.fly/api`);
  const path = (id: string): string => `/v1/apps/demo/machines/${id}`;
  assert.equal(await call(socket, "POST", `${path(other.id)}/suspend`), 401);
  assert.equal(await call(socket, "DELETE", "/v1/apps/demo"), 401);
  assert.equal(await call(socket, "GET", path(machine.id)), 200);
  assert.equal(await call(socket, "POST", `${path(machine.id)}/suspend`), 200);
  await f.reach(machine, "suspended");
  await f.ok("POST", `/apps/demo/machines/${machine.id}/stop`);
  await f.reach(machine, "stopped");
  assert.equal(existsSync(socket), false);
  await f.ok("POST", `/apps/demo/machines/${machine.id}/start`);
  await f.reach(machine, "started");
  assert.equal(await call(socket, "GET", path(machine.id)), 200);
});
