import { inspectHead, MAX_HEAD } from "../media/container.ts";
import { tooLarge } from "../thumbnails/thumbnail-generator.ts";
import { isVideoError, VideoError } from "../video-error.ts";

/** How long a sender may be silent, while we are ready to read, in ms. */
const STALL_MS = 60_000;

/** The bytes of an upload, after a look at their beginning. */
export interface UploadBody {
  readonly chunks: AsyncIterable<Uint8Array>;
}

/**
 * Reads as much of an upload as it takes to tell a video from anything else, so that a picture or a text is refused at
 * once and no runner is booted for it. The chunks that were read come again from the returned body.
 */
export async function openBody(source: AsyncIterable<Uint8Array>, maxBytes: number): Promise<UploadBody> {
  const chunks = source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const next = await within(chunks.next());
    if (next.done !== true) {
      first.push(next.value);
      size += next.value.byteLength;
    }
    if (size > maxBytes) throw tooLarge(maxBytes);
    const verdict = inspectHead(Buffer.concat(first), next.done === true);
    if (verdict.kind === "reject") throw new VideoError("not_a_video", verdict.reason);
    if (verdict.kind !== "more" || next.done === true || size > MAX_HEAD) break;
  }
  return { chunks: replay(first, chunks) };
}

async function* replay(first: Uint8Array[], rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    first.length = 0;
    for (;;) {
      const next = await within(rest.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}

/** The clock runs only while somebody waits for the sender: time that ffmpeg takes is not the sender's fault. */
async function within<T>(next: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const stalled = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new VideoError("stalled", `Nothing was sent for ${STALL_MS / 1000} seconds.`));
    }, STALL_MS);
  });
  try {
    return await Promise.race([next, stalled]);
  } catch (error) {
    throw isVideoError(error) ? error : new VideoError("cancelled", "The upload broke off.", { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
