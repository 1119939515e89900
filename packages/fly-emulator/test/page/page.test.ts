import assert from "node:assert/strict";
import { after, test } from "node:test";
import type { Browser, Page } from "playwright-core";
import { FAULT_KINDS } from "../../src/faults/faults.ts";
import { behind, type Behind } from "../proxy/behind.ts";
import { launchBrowser } from "./browser.ts";

let browser: Browser | null = null;
after(async () => browser?.close());

async function open(fly: Behind, options: Parameters<Browser["newPage"]>[0] = {}): Promise<Page> {
  browser ??= await launchBrowser();
  const page = await browser.newPage(options);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  await page.goto(fly.emulator.page);
  await page.getByText("Live", { exact: true }).waitFor();
  assert.deepEqual(errors, []);
  return page;
}

test("it shows machines as they come and change, requests with their replays, and forgets the token in its address", async (t) => {
  const fly = await behind(t);
  const page = await open(fly);
  assert.ok(!page.url().includes("token"));
  const [iad, ams] = await Promise.all([fly.machine("iad"), fly.machine("ams")]);
  const row = page.locator(`tr[data-machine="${iad.id}"]`);
  await row.getByText("started").waitFor();
  await page.getByText("2 of 2 machines run in 1 app").waitFor();
  await fly.get(`/where?iad=${encodeURIComponent("region=ams")}`);
  const request = page.locator("#requests li").first();
  await request.getByText("200").waitFor();
  assert.match((await request.textContent()) ?? "", /GET \/where.*iad → iad → replay ams/);
  ams.life.stop();
  await page.locator(`tr[data-machine="${ams.id}"]`).getByText("stopped").waitFor();
  await page.getByText("1 of 2 machines run in 1 app").waitFor();
  const described = await page.locator("#map-description").textContent();
  assert.equal(described, "Machines by region. iad: 1 of 1 run; ams: 0 of 1 run.");
  ams.life.destroy(true);
  await page.locator(`tr[data-machine="${ams.id}"]`).waitFor({ state: "detached" });
  const held = await fly.open("/hold");
  await row.locator(".load-number", { hasText: "1" }).waitFor();
  held.destroy();
  await row.locator(".load-number", { hasText: "0" }).waitFor();
});

test("a button switches a fault on, the list switches it off", async (t) => {
  const fly = await behind(t);
  const page = await open(fly);
  const kinds = await page.locator("#fault-kinds button").evaluateAll((all) => all.map((each) => each.dataset["kind"]));
  assert.deepEqual(kinds.sort(), [...FAULT_KINDS].sort());
  await page.getByRole("button", { name: "Network cut" }).click();
  await page.getByText("A network cut needs a region").waitFor();
  await page.getByRole("combobox", { name: "Region" }).selectOption("ams");
  await page.getByRole("combobox", { name: "Cut off from" }).selectOption("iad");
  await page.getByRole("button", { name: "Network cut" }).click();
  await page.getByText("Network cut is on.").waitFor();
  assert.deepEqual(fly.proxy.network.cuts, [["ams", "iad"]]);
  await page.locator("path.cut").waitFor({ state: "attached" });
  await page.getByRole("combobox", { name: "App" }).selectOption("demo");
  await page.getByLabel("How often").fill("2");
  await page.getByRole("button", { name: "No capacity" }).click();
  await page.getByText("of demo in ams 2 more times").waitFor();
  const [, fault] = fly.world.faults.list();
  assert.deepEqual([fault?.kind, fault?.app, fault?.region, fault?.times], ["no-capacity", "demo", "ams", 2]);
  await page.getByRole("button", { name: "Clear network-cut in ams from iad" }).click();
  await page.locator("path.cut").waitFor({ state: "detached" });
  assert.deepEqual(fly.proxy.network.cuts, []);
});

test("without the right token it asks for it, and shows nothing", async (t) => {
  const fly = await behind(t);
  browser ??= await launchBrowser();
  const page = await browser.newPage();
  await page.goto(fly.emulator.page.replace(/token=.*/, "token=wrong"));
  await page.getByLabel("The token that").fill(fly.emulator.token);
  assert.ok(await page.locator("#page").isHidden());
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("Live", { exact: true }).waitFor();
  for (const path of ["events", "faults", "state"]) {
    assert.equal((await fetch(`${fly.emulator.url}/_emulator/${path}`)).status, 401, path);
  }
  for (const path of ["ui/..%2fpackage.json", "ui/../../package.json", "ui/nothing.js"]) {
    assert.equal((await fetch(`${fly.emulator.url}/_emulator/${path}`)).status, 404, path);
  }
});

test("what an app or a client wrote is text, and nothing sticks out on a phone", async (t) => {
  const fly = await behind(t);
  const page = await open(fly, { viewport: { width: 360, height: 740 } });
  await fly.machine("nrt");
  await fly.get("/<img/src=x/onerror=alert(1)>?a-query-that-is-far-too-long-for-any-phone-and-then-some-more");
  await page.locator("#requests li").getByText("<img").waitFor();
  assert.equal(await page.locator("#requests img").count(), 0);
  assert.ok(await page.evaluate("document.documentElement.scrollWidth <= innerWidth"));
});
