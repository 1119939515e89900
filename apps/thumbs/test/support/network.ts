import type { CDPSession, Page } from "playwright-core";

/** No limit to how fast the browser sends. */
export const UNLIMITED = -1;
/**
 * Bytes per second of an upload that must not end by itself: even the smallest video here takes longer than a test may, and
 * its first picture comes with its first few bytes.
 */
export const CRAWLING = 20_000;

/** What a page's network is looked at and limited through. */
export async function networkOf(page: Page): Promise<CDPSession> {
  const network = await page.context().newCDPSession(page);
  await network.send("Network.enable");
  return network;
}

/** How fast the browser may send, in bytes per second. */
export async function limitUpload(network: CDPSession, uploadThroughput: number): Promise<void> {
  const limits = { offline: false, latency: 0, downloadThroughput: UNLIMITED, uploadThroughput };
  await network.send("Network.emulateNetworkConditions", limits);
}
