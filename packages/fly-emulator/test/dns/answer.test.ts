import assert from "node:assert/strict";
import { test } from "node:test";
import { answer, isInternalName } from "../../src/dns/answer.ts";
import type { DnsMachine, DnsZone } from "../../src/dns/zone.ts";

function machine(id: string, app: string, region: string, more: Partial<DnsMachine> = {}): DnsMachine {
  return { id, app, region, started: true, address: `fdaa::${id}`, metadata: {}, ...more };
}

const zone: DnsZone = {
  apps: ["web", "db", "empty"],
  machines: [
    machine("1", "web", "ams", { metadata: { fly_process_group: "app", role: "Leader" } }),
    machine("2", "web", "iad", { metadata: { fly_process_group: "worker" } }),
    machine("3", "web", "iad", { started: false }),
    machine("4", "db", "nrt", { address: "127.0.0.9" }),
  ],
  api: "127.0.0.3",
  flycast: "127.0.0.1",
};
const aaaa = (name: string, region = "ams") => answer(zone, name, "AAAA", region);
const txt = (name: string) => answer(zone, name, "TXT", "ams");

for (const [name, expected] of [
  ["web.internal", ["fdaa::1", "fdaa::2"]],
  ["WEB.Internal.", ["fdaa::1", "fdaa::2"]],
  ["global.web.internal", ["fdaa::1", "fdaa::2"]],
  ["iad.web.internal", ["fdaa::2"]],
  ["lhr.web.internal", []],
  ["mars.web.internal", null],
  ["1.vm.web.internal", ["fdaa::1"]],
  ["3.vm.web.internal", []],
  ["worker.process.web.internal", ["fdaa::2"]],
  ["leader.role.kv._metadata.web.internal", ["fdaa::1"]],
  ["top1.nearest.of.web.internal", ["fdaa::1"]],
  ["top9.nearest.of.web.internal", ["fdaa::1", "fdaa::2"]],
  ["db.internal", ["::ffff:127.0.0.9"]],
  ["empty.internal", []],
  ["nobody.internal", null],
  ["a.b.c.web.internal", null],
  ["_api.internal", ["::ffff:127.0.0.3"]],
  ["web.flycast", ["::ffff:127.0.0.1"]],
  ["nobody.flycast", null],
  ["web.example", null],
] as const) {
  test(`AAAA of ${name}`, () => assert.deepEqual(aaaa(name), expected));
}

for (const [name, expected] of [
  ["vms.web.internal", ["1 ams,2 iad"]],
  ["all.vms.web.internal", ["1 ams,2 iad,3 iad"]],
  ["regions.web.internal", ["ams,iad"]],
  ["all.regions.web.internal", ["ams,iad"]],
  ["regions.empty.internal", [""]],
  ["vms.nobody.internal", null],
  ["_apps.internal", ["db,empty,web"]],
  [
    "_instances.internal",
    [
      "instance=1,app=web,ip=fdaa::1,region=ams;instance=2,app=web,ip=fdaa::2,region=iad;" +
        "instance=4,app=db,ip=::ffff:127.0.0.9,region=nrt",
    ],
  ],
  ["web.internal", []],
] as const) {
  test(`TXT of ${name}`, () => assert.deepEqual(txt(name), expected));
}

test("the nearest are counted from where the one who asks is", () => {
  assert.deepEqual(aaaa("top1.nearest.of.web.internal", "yyz"), ["fdaa::2"]);
});

test("there are no A records, and an address has no text", () => {
  assert.deepEqual(answer(zone, "web.internal", "A", "ams"), []);
  assert.deepEqual(answer(zone, "vms.web.internal", "AAAA", "ams"), []);
});

test("only .internal and .flycast are its own", () => {
  assert.deepEqual(["a.internal", "a.flycast.", "internal", "a.internal.example"].map(isInternalName), [
    true,
    true,
    false,
    false,
  ]);
});
