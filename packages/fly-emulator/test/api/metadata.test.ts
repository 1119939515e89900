import assert from "node:assert/strict";
import { test } from "node:test";
import { fly } from "../harness.ts";

test("metadata: put replaces, patch merges, null and the empty string delete, a wrong version is refused", async (t) => {
  const f = await fly(t);
  const { id, instance_id } = await f.create({ metadata: { a: "1", b: "2" } }, { skip_launch: true });
  const path = `/apps/demo/machines/${id}/metadata`;
  assert.equal((await f.call("PATCH", path, { metadata: { b: "", c: "3" } })).status, 204);
  assert.deepEqual(await f.ok("GET", path), { a: "1", c: "3" });
  assert.equal((await f.call("PUT", path, { metadata: { d: "4" }, machine_version: instance_id })).status, 204);
  assert.deepEqual(await f.ok("GET", path), { d: "4" });
  const other = await f.call("PUT", path, { metadata: { e: "5" }, machine_version: "other" });
  assert.equal(other.status, 412);
  assert.equal((await f.call("PATCH", path, { metadata: { d: 4 } })).status, 400);
  assert.equal((await f.call("PATCH", path, {})).status, 400);
  assert.deepEqual(await f.ok("GET", `${path}/d`), { value: "4" });
  assert.equal((await f.call("GET", `${path}/none`)).status, 404);
  assert.equal((await f.call("DELETE", `${path}/d`)).status, 204);
  assert.deepEqual(await f.ok("GET", path), {});
  assert.equal((await f.ok("GET", `/apps/demo/machines/${id}`)).instance_id, instance_id);
});
