import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { launchBrowser as launch } from "../../../../packages/fly-emulator/test/page/browser.ts";
import { LONGEST } from "./until.ts";

/** A real headless Chromium that came through npm, whose start may take as long as a test. */
export function launchBrowser(): Promise<Browser> {
  return launch({ timeout: LONGEST });
}

/** A page in a context of its own, which waits for what is looked for in it for as long as a test may. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(LONGEST);
  return page;
}
