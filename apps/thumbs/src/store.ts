import { copyFile, mkdir, open, rename, rm, rmdir, writeFile, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { config } from "./config.ts";

/** The folder in which thumbnails are kept, one folder for each video. */

export async function putThumbnail(videoId: string, n: number, png: Uint8Array): Promise<void> {
  const path = thumbnailPath(videoId, n);
  await mkdir(dirname(path), { recursive: true });
  // Whoever reads the folder sees a whole picture or none.
  await writeFile(`${path}.part`, png);
  await rename(`${path}.part`, path);
}

/** Opens a thumbnail for reading; null when there is none. The caller closes it. */
export async function openThumbnail(videoId: string, n: number): Promise<FileHandle | null> {
  try {
    return await open(thumbnailPath(videoId, n));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

export async function copyThumbnail(videoId: string, n: number, to: string): Promise<void> {
  await copyFile(thumbnailPath(videoId, n), to);
}

/** Takes back one thumbnail, and the folder if it was the only one. */
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
