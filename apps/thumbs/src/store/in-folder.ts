import { copyFile, mkdir, open, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { config } from "../config.ts";

/** Thumbnails as files, one folder for each video. For copies of the app that share a disk. */

export async function putThumbnail(videoId: string, n: number, png: Uint8Array): Promise<void> {
  const path = thumbnailPath(videoId, n);
  await mkdir(dirname(path), { recursive: true });
  // Whoever reads the folder sees a whole picture or none.
  await writeFile(`${path}.part`, png);
  await rename(`${path}.part`, path);
}

export async function openThumbnail(videoId: string, n: number): Promise<Readable | null> {
  try {
    return (await open(thumbnailPath(videoId, n))).createReadStream();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

export async function copyThumbnail(videoId: string, n: number, to: string): Promise<void> {
  await copyFile(thumbnailPath(videoId, n), to);
}

/** Removes the folder too, if it was the only one. */
export async function removeThumbnail(videoId: string, n: number): Promise<void> {
  await rm(thumbnailPath(videoId, n), { force: true });
  await rmdir(folder(videoId)).catch(() => {});
}

export async function deleteThumbnails(videoId: string): Promise<void> {
  await rm(folder(videoId), { recursive: true, force: true });
}

function thumbnailPath(videoId: string, n: number): string {
  return join(folder(videoId), `${n}.png`);
}

function folder(videoId: string): string {
  return join(config.storeDir, "thumbnails", videoId);
}
