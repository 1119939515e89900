import assert from "node:assert/strict";
import { registerHooks } from "node:module";
import { test } from "node:test";
import { autoBackend } from "../../src/backends/auto.ts";
import { BootError } from "../../src/errors.ts";

const spec = { name: "a-1", pool: "a", parentId: "p", buildId: "b", epoch: 1, env: {}, onOutput() {} };

test("auto is fly on Fly, and a boot says what to install when that is not there", async (t) => {
  const hooks = registerHooks({
    resolve(specifier, context, next) {
      if (specifier === "@flamelet/fly") throw new Error("not there");
      return next(specifier, context);
    },
  });
  const before = process.env["FLY_APP_NAME"];
  process.env["FLY_APP_NAME"] = "demo";
  t.after(() => {
    hooks.deregister();
    if (before === undefined) delete process.env["FLY_APP_NAME"];
    else process.env["FLY_APP_NAME"] = before;
  });
  const backend = autoBackend();
  assert.equal(backend.name, "fly");
  await assert.rejects(backend.provision(spec, AbortSignal.timeout(1_000)), (error) => {
    assert.ok(BootError.is(error));
    assert.equal(error.failure, "config");
    assert.match(error.message, /npm install @flamelet\/fly/);
    return true;
  });
  assert.deepEqual(await backend.list(), []);
  await backend.destroy({ id: "a-1" });
});
