import { parseArgs } from "node:util";
import { readEvery } from "../http/parameters.ts";

export const HELP = `Makes thumbnails of a video, on a runner that is booted for it.

Usage: npm run thumbs -w apps/thumbs -- <video> [options]

  <video>            an mp4, mov, webm or mkv file
  --every <seconds>  seconds of video between thumbnails, from 0.1 to 3600 (default 5)
  --out <folder>     where to put the thumbnails (default: <video>-thumbs, next to the video)
  --help             show this

The video and its thumbnails also show up on the page of the server, which shares the store and the database.
The environment decides the rest: DATABASE_URL, STORE_DIR, MAX_UPLOAD_MIB, MAX_VIDEO_SECONDS, THUMBNAIL_WIDTH.`;

export interface Arguments {
  readonly video: string;
  readonly every: number;
  readonly out: string | null;
}

/** What was typed is wrong. The message says what would be right. */
export class UsageError extends Error {
  override name = "UsageError";
}

/** Null when help was asked for. */
export function readArguments(args: readonly string[]): Arguments | null {
  const { values, positionals } = parse(args);
  if (values.help === true) return null;
  const [video, ...more] = positionals;
  if (video === undefined) throw new UsageError("Which video? Give the path of a file.");
  if (more.length > 0) throw new UsageError(`One video at a time, please: what is "${more[0]}"?`);
  try {
    return { video, every: readEvery(values.every), out: values.out ?? null };
  } catch {
    throw new UsageError(`--every must be a number of seconds from 0.1 to 3600, but it is "${values.every}".`);
  }
}

function parse(args: readonly string[]): {
  values: { every?: string | undefined; out?: string | undefined; help?: boolean | undefined };
  positionals: string[];
} {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { every: { type: "string" }, out: { type: "string" }, help: { type: "boolean", short: "h" } },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
