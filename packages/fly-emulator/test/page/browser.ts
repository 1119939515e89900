import { accessSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A real headless Chromium that came through npm. `timeout` is how long its start may take, in ms. Default: Playwright's. */
export async function launchBrowser(options: { timeout?: number } = {}): Promise<Browser> {
  // The package brings the libraries that a bare Debian lacks, but unpacks them only where it believes to be on Lambda.
  if (!hasLibrary("libnss3.so")) process.env["AWS_EXECUTION_ENV"] = "AWS_Lambda_nodejs24.x";
  const { default: sparticuz } = await import("@sparticuz/chromium");
  return await chromium.launch({ executablePath: await sparticuz.executablePath(), args: FLAGS, ...options });
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
