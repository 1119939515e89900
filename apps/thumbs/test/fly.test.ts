import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { noTimes } from "@flamelet/fly-emulator";
import { deploy } from "../demo/deploy.ts";
import { cleanEnv, command } from "./support/app.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { temporaryFolder } from "./support/folder.ts";
import { CRAWLING, limitUpload, networkOf, UNLIMITED } from "./support/network.ts";
import { descendants, lives } from "./support/processes.ts";
import { until } from "./support/until.ts";
import { makeVideo } from "./support/videos.ts";

const ARTIFACTS = fileURLToPath(new URL("../artifacts/", import.meta.url));

test("on Fly, as Dockerfile and fly.toml say: a machine for each video while it is uploaded, to zero, and back", async () => {
  await using folder = await temporaryFolder();
  await mkdir(ARTIFACTS, { recursive: true });
  const names = ["holiday.mp4", "concert.mkv"];
  const files = names.map((name) => join(folder.path, name));
  for (const file of files) await makeVideo(file, { seconds: 12, noisy: true });
  await using fly = await deploy({
    dataDir: join(folder.path, "postgres"),
    env: { RUNNER_IDLE_MS: "500" },
    fly: { times: noTimes, proxy: { region: "ams", autostopInterval: 500 } },
  });
  const { world } = fly.emulator;
  const machines = world.apps.get(fly.app) ?? assert.fail();
  const states = (): string[] => machines.living.map(({ state }) => state);
  const parent = machines.machine(fly.parent);

  const browser = await launchBrowser();
  await using _browser = { [Symbol.asyncDispose]: () => browser.close() };
  const page = await openPage(browser, { viewport: { width: 1200, height: 1000 } });
  const problems: string[] = [];
  page.on("pageerror", (error) => problems.push(String(error)));
  const network = await networkOf(page);
  const card = (name: string) => page.locator(".card", { has: page.getByRole("heading", { name, exact: true }) });

  await page.goto(fly.url);
  await limitUpload(network, CRAWLING);
  await page.locator("#every").fill("2");
  await page.locator("#files").setInputFiles(files);
  for (const name of names) {
    await card(name).locator("figure img").first().waitFor();
    assert.equal(await card(name).locator(".chip").innerText(), "Uploading");
  }
  const runners = machines.living.filter(({ id }) => id !== fly.parent);
  assert.equal(runners.length, 2, "one machine for each video");
  for (const { config, image, region } of runners) {
    assert.equal(config.services, undefined);
    assert.equal(image.digest, parent.image.digest);
    assert.equal(region, parent.region);
  }
  await page.screenshot({ path: join(ARTIFACTS, "on-fly.png"), animations: "disabled" });
  await limitUpload(network, UNLIMITED);
  for (const name of names) {
    await card(name).and(page.locator(".done")).waitFor();
    assert.equal(await card(name).locator("figure").count(), 6);
  }

  // Runners go when they are idle, and the parent when it has no requests.
  await until("the runners are gone", () => machines.living.length === 1);
  assert.deepEqual(states(), ["started"]);
  await page.goto("about:blank");
  while (states().join() !== "stopped") await once(world.events, "machine");
  assert.equal(
    parent.events.find(({ type }) => type === "exit")?.request?.exit_event.exit_code,
    0,
    "the parent ended by itself",
  );

  // The next request starts it again, and all is there still.
  await page.goto(fly.url);
  // A pass of autostop may come between two requests of the page, and stop it once more until the second.
  await until("it has been started", () => states().join() === "started");
  for (const name of names) await card(name).locator("figure img").nth(5).waitFor();
  const widths = await page
    .locator("figure img")
    .evaluateAll((images) => Promise.all(images.map(async (image: any) => (await image.decode(), image.naturalWidth))));
  assert.deepEqual(widths, Array(12).fill(320));
  assert.deepEqual(problems, []);
});

test("npm run demo:fly says where all is, and nothing outlives it", async () => {
  await using folder = await temporaryFolder();
  const demo = spawn(process.execPath, ["demo/main.ts", "--port", "0"], {
    cwd: command.cwd,
    env: { ...cleanEnv(), STORE_DIR: folder.path },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exit = once(demo, "exit");
  // Should anything fail here, it ends nevertheless.
  await using _demo = { [Symbol.asyncDispose]: async () => void (demo.kill("SIGINT"), await exit) };
  let output = "";
  demo.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  await until("it says where the page is", () =>
    /App +http:\/\/flamelet-thumbs\.localhost:\d+\n +Fly +http/.test(output),
  );
  const all = descendants(demo.pid ?? 0);
  assert.ok(
    all.some(({ command: line }) => line.includes("src/main.ts")),
    "the app runs",
  );
  assert.ok(
    all.some(({ command: line }) => line.includes("postgres -D")),
    "its database runs",
  );
  demo.kill("SIGINT");
  assert.deepEqual(await exit, [0, null]);
  await until("nothing is left", () => !all.some(lives));
});
