import { after, before, describe, test } from "node:test";
import type { Emulator } from "@flamelet/fly-emulator";
import { testBackend } from "flamelet/testing";
import { FlyApi } from "../../src/index.ts";
import { backend, BUILD, startFly, UNLIMITED } from "./harness.ts";

// The parent has no image of its own here; what its machines run says which build it is.
process.env["FLAME_BUILD_ID"] = BUILD;

let emulator: Emulator;
before(async () => (emulator = await startFly(null)));
after(() => emulator.close());

testBackend({
  name: "fly",
  backend: () => backend(emulator),
  failures: {
    auth: () =>
      backend(emulator, { api: new FlyApi({ baseUrl: emulator.url, token: "fm2_of_nobody", rates: UNLIMITED }) }),
    config: () => backend(emulator, { image: "registry.fly.io/demo:gone" }),
    capacity: () => (fault("no-capacity", "region"), backend(emulator, { regions: ["lhr", "cdg"] })),
  },
  // The Machines API does not have what machines write.
  without: ["output"],
  test,
  describe,
});

function fault(kind: "no-capacity", scope: "region"): void {
  for (const region of ["lhr", "cdg"]) emulator.world.faults.add({ kind, scope, region, action: "create" });
}
