import { writeFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { database } from "../database/connection.ts";

/** Thumbnails as rows. For copies of the app that share nothing but a database. */

export async function putThumbnail(videoId: string, n: number, png: Uint8Array): Promise<void> {
  await database().query(
    `insert into pictures (video_id, n, png) values ($1, $2, $3)
     on conflict (video_id, n) do update set png = excluded.png`,
    [videoId, n, png],
  );
}

export async function openThumbnail(videoId: string, n: number): Promise<Readable | null> {
  const png = await read(videoId, n);
  return png === null ? null : Readable.from([png]);
}

export async function copyThumbnail(videoId: string, n: number, to: string): Promise<void> {
  const png = await read(videoId, n);
  if (png === null) throw new Error(`there is no thumbnail ${n} of video ${videoId}`);
  await writeFile(to, png);
}

export async function removeThumbnail(videoId: string, n: number): Promise<void> {
  await database().query("delete from pictures where video_id = $1 and n = $2", [videoId, n]);
}

export async function deleteThumbnails(videoId: string): Promise<void> {
  await database().query("delete from pictures where video_id = $1", [videoId]);
}

async function read(videoId: string, n: number): Promise<Buffer | null> {
  const { rows } = await database().query<{ png: Buffer }>("select png from pictures where video_id = $1 and n = $2", [
    videoId,
    n,
  ]);
  return rows[0]?.png ?? null;
}
