import { flame } from "flamelet";
import type { Thumbnail } from "../database/videos.ts";
import { ffmpeg } from "../pool.ts";
import { ThumbnailGenerator, type GeneratorOptions, type InputKind, type Summary } from "./thumbnail-generator.ts";

/** What happens while thumbnails are made. */
export interface GenerateEvents {
  /** The work has a place to run in: the name of the runner. */
  started(runner: string | null): void;
  /** So many bytes have come. */
  received(bytes: number): void;
  /** The bytes that came were taken, and are used like this: null until enough of them are there to know. */
  used(input: InputKind | null): void;
  /** The last byte has been taken. */
  ending(): void;
  made(thumbnail: Thumbnail): void;
}

/** Makes the thumbnails of a video while its bytes come in. Resolves when the last one is kept. */
export async function generate(
  options: GeneratorOptions,
  chunks: AsyncIterable<Uint8Array>,
  events: GenerateEvents,
  signal: AbortSignal,
): Promise<Summary> {
  await using generator = await flame.place(ffmpeg, () => new ThumbnailGenerator(options), { signal });
  const feed = async (): Promise<Summary> => {
    for await (const chunk of chunks) {
      signal.throwIfAborted();
      events.received(chunk.byteLength);
      events.used(await generator.write(chunk));
    }
    signal.throwIfAborted();
    events.ending();
    return await generator.end();
  };
  const watch = async (): Promise<void> => {
    for await (const thumbnail of generator.thumbnails()) events.made(thumbnail);
  };
  // When it is gone already, there is nothing left to stop.
  const stop = (): void => void generator.cancel().catch(() => {});
  signal.addEventListener("abort", stop, { once: true });
  try {
    events.started(await generator.start());
    const [summary] = await Promise.all([feed(), watch()]);
    return summary;
  } catch (error) {
    // That it was told to stop explains whatever went wrong after that.
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
