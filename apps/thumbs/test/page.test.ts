import assert from "node:assert/strict";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { after, before, describe, test } from "node:test";
import type { Browser, CDPSession, Page } from "playwright-core";
import { startApp, type App } from "./support/app.ts";
import { launchBrowser, openPage } from "./support/browser.ts";
import { temporaryFolder } from "./support/folder.ts";
import { CRAWLING, limitUpload, networkOf, UNLIMITED } from "./support/network.ts";
import { until } from "./support/until.ts";
import { makeVideo } from "./support/videos.ts";

const ARTIFACTS = fileURLToPath(new URL("../artifacts/", import.meta.url));

describe("the page, in a real browser", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let app: App;
  let browser: Browser;
  let page: Page;
  let network: CDPSession;
  const problems: string[] = [];
  const file = (name: string): string => join(folder.path, name);

  before(async () => {
    folder = await temporaryFolder();
    await mkdir(ARTIFACTS, { recursive: true });
    await makeVideo(file("holiday.mp4"), { seconds: 20, noisy: true });
    await makeVideo(file("concert.mkv"), { seconds: 20, noisy: true });
    await makeVideo(file("phone.mov"), { seconds: 12, index: "end", noisy: true });
    app = await startApp({ RUNNER_IDLE_MS: "1500" });
    browser = await launchBrowser();
    page = await openPage(browser, { viewport: { width: 1200, height: 1000 } });
    page.on("pageerror", (error) => problems.push(String(error)));
    page.on("console", (message) => {
      // A refused upload is logged by the browser itself.
      if (message.type() === "error" && !/status of 4\d\d/.test(message.text())) problems.push(message.text());
    });
    network = await networkOf(page);
    await page.goto(app.url);
  });

  after(async () => {
    await browser?.close();
    await app?.[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const card = (name: string) => page.locator(".card", { has: page.getByRole("heading", { name, exact: true }) });
  const poolText = (): Promise<string> => page.locator("#pool-text").innerText();

  test("a dropped file shows thumbnails before its upload has ended", async () => {
    await limitUpload(network, CRAWLING);
    // A real drop of a real file on the zone, as the browser's own drag and drop makes it.
    await drop(page, network, [file("holiday.mp4"), file("concert.mkv")]);
    const holiday = card("holiday.mp4");
    await holiday.locator("figure img").first().waitFor();
    await card("concert.mkv").locator("figure img").first().waitFor();
    assert.equal(await holiday.locator(".chip").innerText(), "Uploading");
    const bar = Number(await holiday.locator("progress").getAttribute("value"));
    assert.ok(bar > 0 && bar < 1, `the bar is at ${bar}`);
    assert.equal(await holiday.locator("figcaption").first().innerText(), "0:00");
    assert.match(await holiday.locator(".message").innerText(), /of .*MB on ffmpeg-/);
    await until("the pool shows both", async () => /2 of 4 · 2 busy/.test(await poolText()));
    await limitUpload(network, 600_000);
    await holiday.locator("figure img").nth(1).waitFor();
    await page.locator("figure img").evaluateAll((images) => Promise.all(images.map((image: any) => image.decode())));
    await page.screenshot({ path: join(ARTIFACTS, "uploading.png"), animations: "disabled" });

    await limitUpload(network, UNLIMITED);
    await holiday.and(page.locator(".done")).waitFor();
    assert.deepEqual(await holiday.locator("figcaption").allInnerTexts(), ["0:00", "0:05", "0:10", "0:15"]);
    assert.match(await holiday.locator(".message").innerText(), /^4 thumbnails · 0:20 long · .* MB · made on ffmpeg-/);
  });

  test("an upload has one card, though the list of all videos comes before the answer to its announcement", async () => {
    const tab = await openPage(browser);
    const cards = tab.locator(".card", { has: tab.getByRole("heading", { name: "early.mp4", exact: true }) });
    const announced = Promise.withResolvers<void>();
    // The page asks for the list when it hears the events.
    await tab.route("**/api/events", async (route) => {
      await announced.promise;
      await route.continue();
    });
    await tab.route("**/api/videos/new", async (route) => {
      const response = await route.fetch();
      const listed = tab.waitForResponse("**/api/videos");
      announced.resolve();
      await (await listed).finished();
      // The page shows what is in it.
      await tab.locator(".card.done h3[title='holiday.mp4']").first().waitFor();
      await route.fulfill({ response });
    });
    await tab.goto(app.url);
    const buffer = await readFile(file("holiday.mp4"));
    await tab.locator("#files").setInputFiles({ name: "early.mp4", mimeType: "video/mp4", buffer });
    await tab.locator(".card.done h3[title='early.mp4']").waitFor();
    assert.equal(await cards.count(), 1);
    await cards.getByRole("button", { name: "Remove" }).click();
    await cards.waitFor({ state: "detached" });
    await tab.close();
  });

  test("an index at the end is explained, and its thumbnails come after the upload", async () => {
    await limitUpload(network, CRAWLING);
    await page.locator("#every").fill("4");
    await page.locator("#files").setInputFiles(file("phone.mov"));
    await card("phone.mov").getByText("The index of this file is at its end").waitFor();
    await limitUpload(network, UNLIMITED);
    await card("phone.mov").and(page.locator(".done")).waitFor();
    assert.deepEqual(await card("phone.mov").locator("figcaption").allInnerTexts(), ["0:00", "0:04", "0:08"]);
  });

  test("a file that is no video is refused in plain words", async () => {
    await page
      .locator("#files")
      .setInputFiles({ name: "letter.txt", mimeType: "video/mp4", buffer: Buffer.from("Dear all") });
    await card("letter.txt").and(page.locator(".failed")).waitFor();
    assert.match(await card("letter.txt").locator(".message").innerText(), /This is a text file, not a video/);
    await card("letter.txt").getByRole("button", { name: "Remove" }).click();
    await card("letter.txt").waitFor({ state: "detached" });
  });

  test("cancel stops the upload and takes the card away", async () => {
    await limitUpload(network, CRAWLING);
    await page.locator("#files").setInputFiles(file("concert.mkv"));
    const cancelled = card("concert.mkv").first();
    await cancelled.locator("figure img").first().waitFor();
    await cancelled.getByRole("button", { name: "Cancel" }).click();
    await until("one of the two is left", async () => (await card("concert.mkv").count()) === 1);
    await limitUpload(network, UNLIMITED);
  });

  test("closing the tab in the middle frees the runner", async () => {
    const tab = await openPage(browser);
    await limitUpload(await networkOf(tab), CRAWLING);
    await tab.goto(app.url);
    await tab.locator("#files").setInputFiles(file("holiday.mp4"));
    await tab.locator(".card", { hasText: "Uploading" }).locator("figure img").first().waitFor();
    await tab.context().close();
    // The other page hears of it.
    await card("holiday.mp4").and(page.locator(".failed")).waitFor();
    assert.equal(await card("holiday.mp4").first().locator(".message").innerText(), "The upload broke off.");
    await card("holiday.mp4").first().getByRole("button", { name: "Remove" }).click();
  });

  test("the runners go when they are idle, and a reload shows everything again", async () => {
    await until("the runners go", async () => (await poolText()) === "0 of 4");
    const text = (name: string): Promise<string[]> => card(name).locator("figcaption").allInnerTexts();
    const names = ["holiday.mp4", "concert.mkv", "phone.mov"];
    const before = await Promise.all(names.map(text));
    await page.reload();
    await page.locator(".card").nth(2).waitFor();
    assert.deepEqual(await Promise.all(names.map(text)), before);
    assert.equal(await page.locator(".card").count(), 3);
    const widths = await page
      .locator("figure img")
      .evaluateAll((images) =>
        Promise.all(images.map(async (image: any) => (await image.decode(), image.naturalWidth))),
      );
    assert.ok(widths.length >= 9 && widths.every((width) => width === 320), `widths ${widths}`);
    await page.screenshot({ path: join(ARTIFACTS, "reloaded.png"), fullPage: true, animations: "disabled" });
    assert.deepEqual(problems, []);
  });
});

/** Drags files from outside of the browser onto the drop zone. */
async function drop(page: Page, session: CDPSession, files: string[]): Promise<void> {
  const box = (await page.locator("#drop").boundingBox())!;
  const at = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  const data = { items: [], files, dragOperationsMask: 1 };
  for (const type of ["dragEnter", "dragOver", "drop"] as const) {
    await session.send("Input.dispatchDragEvent", { type, ...at, data });
  }
}
