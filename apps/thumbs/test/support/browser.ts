import { accessSync } from "node:fs";
import { chromium, type Browser, type BrowserContextOptions, type Page } from "playwright-core";
import { LONGEST } from "./until.ts";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A real headless Chromium that came through npm. */
export async function launchBrowser(): Promise<Browser> {
  // The package brings the libraries that a bare Debian lacks, but unpacks them only where it believes to be on Lambda.
  if (!hasLibrary("libnss3.so")) process.env["AWS_EXECUTION_ENV"] = "AWS_Lambda_nodejs24.x";
  const { default: sparticuz } = await import("@sparticuz/chromium");
  return await chromium.launch({ executablePath: await sparticuz.executablePath(), args: FLAGS, timeout: LONGEST });
}

/** A page in a context of its own, which waits for what is looked for in it for as long as a test may. */
export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await browser.newPage(options);
  page.setDefaultTimeout(LONGEST);
  return page;
}

function hasLibrary(name: string): boolean {
  return ["/lib", "/usr/lib", "/usr/lib64"].some((root) =>
    ["", "/x86_64-linux-gnu", "/aarch64-linux-gnu"].some((folder) => {
      try {
        accessSync(`${root}${folder}/${name}`);
        return true;
      } catch {
        return false;
      }
    }),
  );
}
