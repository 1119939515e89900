/** Somebody on the line between a runner and its parent, from the first byte to the last. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Network } from "../../src/backends/backend.ts";
import { flame } from "../../src/index.ts";
import { conformanceApp } from "../../src/testing/backend-suite.ts";
import * as fns from "../../src/testing/conformance-functions.ts";
import { until } from "../../src/testing/until.ts";
import { listenedTo, watched } from "./harness.ts";

const tcp = { kind: "tcp", host: "127.0.0.1" } as const;
const networks: readonly [string, boolean, Network][] = [
  // That it shows here is what shows that the test could find it there.
  ["a network that is said to be encrypted is not encrypted again", true, tcp],
  ["between hosts nothing can be read: no argument, no value, no name", false, { ...tcp, encrypted: false }],
];

for (const [what, readable, network] of networks)
  test(what, async () => {
    const line = listenedTo(flame.backend.process({ entry: conformanceApp, execArgv: [] }), network);
    await using it = watched({}, line.backend);
    const argument = "an argument that nobody is to know";
    assert.equal(await flame.call(it.pool, fns.echo, argument), argument);
    await until(() => line.proved() === 2);
    await it.pool.close();
    await until(() => line.up.length >= 2 && line.down.length >= 2);
    line.close();
    const [up, down] = [Buffer.concat(line.up), Buffer.concat(line.down)];
    assert.equal(down.includes(argument), readable);
    assert.equal(down.includes("conformance/echo"), readable);
    assert.equal(up.includes(argument), readable);
    assert.equal(up.includes(it.told[0]?.runnerId ?? ""), readable);
    for (const { secret } of it.told)
      for (const bytes of [up, down])
        assert.ok(!bytes.includes(secret) && !bytes.includes(Buffer.from(secret, "base64url")), "the secret crosses");
  });
