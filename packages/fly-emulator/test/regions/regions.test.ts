import assert from "node:assert/strict";
import { test } from "node:test";
import { byDistance, closestTo, distanceKm, oneWayMs } from "../../src/regions/distance.ts";
import { RegionNetwork } from "../../src/regions/network.ts";
import { parseRegionPreference } from "../../src/regions/preference.ts";
import { findRegion, REGIONS, type Region } from "../../src/regions/table.ts";

const at = (code: string): Region => findRegion(code) as Region;

test("the table has Fly's 18 regions once each", () => {
  assert.equal(REGIONS.length, 18);
  assert.equal(new Set(REGIONS.map(({ code }) => code)).size, 18);
});

test("distances are those of the globe", () => {
  assert.ok(Math.abs(distanceKm(at("lhr"), at("iad")) - 5900) < 50);
  assert.ok(Math.abs(distanceKm(at("ams"), at("fra")) - 365) < 10);
  assert.ok(Math.abs(distanceKm(at("nrt"), at("sjc")) - 8300) < 100);
});

test("latency follows distance, both ways alike, and is none within a region", () => {
  assert.equal(oneWayMs("ams", "ams"), 0);
  assert.equal(oneWayMs("ams", "syd"), oneWayMs("syd", "ams"));
  assert.ok(oneWayMs("ams", "fra") < oneWayMs("ams", "iad"));
  // Round trips that https://rtt.fly.dev showed: lhr-iad about 76 ms, ams-fra 7.
  assert.ok(Math.abs(2 * oneWayMs("lhr", "iad") - 76) < 20);
  assert.ok(oneWayMs("ams", "xyz") > oneWayMs("ams", "syd"));
});

test("the closest come first", () => {
  assert.deepEqual(byDistance("lhr", ["nrt", "iad", "ams", "lhr"]), ["lhr", "ams", "iad", "nrt"]);
  assert.equal(closestTo({ latitude: 48.2, longitude: 16.4 }), "fra");
});

test("a list of regions says what is wrong with it", () => {
  assert.deepEqual(parseRegionPreference(" LHR , fra,lhr"), [["lhr"], ["fra"]]);
  assert.throws(
    () => parseRegionPreference("lhr,moon"),
    /"moon" is no region: use a code such as "ams" or one of apac/,
  );
  assert.throws(() => parseRegionPreference(","), /must name at least one/);
});

test("the network: latency by its factor, cuts both ways until they are undone", () => {
  assert.equal(new RegionNetwork().delay("ams", "syd"), 0);
  assert.equal(new RegionNetwork({ latencyFactor: 0.5 }).delay("ams", "syd"), oneWayMs("ams", "syd") / 2);
  assert.throws(() => new RegionNetwork({ latencyFactor: -1 }), /latencyFactor must be a number from 0 on, and got -1/);
  const network = new RegionNetwork();
  let changes = 0;
  network.onChange(() => changes++);
  network.setCuts([
    ["iad", "ams"],
    ["ams", "ams"],
  ]);
  assert.deepEqual(network.cuts, [["ams", "iad"]]);
  assert.deepEqual([network.reachable("ams", "iad"), network.reachable("iad", "ams")], [false, false]);
  assert.ok(network.reachable("ams", "ams") && network.reachable("ams", "nrt"));
  network.setCuts([]);
  assert.ok(network.reachable("ams", "iad"));
  assert.equal(changes, 2);
});
