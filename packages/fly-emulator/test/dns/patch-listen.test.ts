import assert from "node:assert/strict";
import { test } from "node:test";
import { atAddress } from "../../src/dns/patch-listen.ts";

const callback = (): void => {};

for (const [args, expected] of [
  [[8080], [8080, "A"]],
  [["8080"], ["8080", "A"]],
  [
    [8080, callback],
    [8080, "A", callback],
  ],
  [
    [8080, 511, callback],
    [8080, "A", 511, callback],
  ],
  [
    [8080, "0.0.0.0", callback],
    [8080, "A", callback],
  ],
  [
    [8080, "::", 511, callback],
    [8080, "A", 511, callback],
  ],
  [
    [8080, "127.0.0.1"],
    [8080, "127.0.0.1"],
  ],
  [
    [8080, "localhost", callback],
    [8080, "localhost", callback],
  ],
  [
    [{ port: 8080 }, callback],
    [{ port: 8080, host: "A" }, callback],
  ],
  [[{ port: 0, host: "::" }], [{ port: 0, host: "A" }]],
  [[{ port: 8080, host: "127.0.0.1" }], [{ port: 8080, host: "127.0.0.1" }]],
  [[{ path: "/tmp/s" }], [{ path: "/tmp/s" }]],
  [[{ fd: 3 }], [{ fd: 3 }]],
  [
    ["/tmp/s", callback],
    ["/tmp/s", callback],
  ],
  [[], [0, "A"]],
  [[callback], [0, "A", callback]],
] as const) {
  test(`listen(${args.map((arg) => (typeof arg === "function" ? "callback" : JSON.stringify(arg))).join(", ")})`, () => {
    assert.deepEqual(atAddress(args, "A"), expected);
  });
}
