import assert from "node:assert/strict";
import { test } from "node:test";
import { isNextStart, withFreePort } from "../../src/backends/process-next.ts";

test("a copy of a production server of Next gets a free port", () => {
  assert.equal(isNextStart("next", ["start", "-p", "3000"]), true);
  assert.equal(isNextStart("next", ["dev"]), false);
  assert.equal(isNextStart("vite", ["start"]), false);
  for (const port of [["-p", "3000"], ["--port", "3000"], ["--port=3000"], []])
    assert.deepEqual(withFreePort(["start", ...port, "-H", "::1"]), ["start", "-H", "::1", "--port", "0"]);
});
