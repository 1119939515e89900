import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { processBackend } from "../../src/backends/process.ts";
import { conformanceApp, testBackend } from "../../src/testing/backend-suite.ts";

const app = { entry: conformanceApp, execArgv: [] };

testBackend({
  name: "process",
  backend: () => processBackend(app),
  failures: {
    config: () => {
      const cwd = mkdtempSync(join(tmpdir(), "gone-"));
      const backend = processBackend({ ...app, cwd });
      rmSync(cwd, { recursive: true });
      return backend;
    },
  },
  // A runner ends with its lease when its parent is gone, so a host has nothing to reap.
  without: ["others"],
  test,
  describe,
});
