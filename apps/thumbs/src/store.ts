import type { Readable } from "node:stream";
import { config } from "./config.ts";
import * as database from "./store/in-database.ts";
import * as folder from "./store/in-folder.ts";

/** Where the pictures are: all copies of this app must see the same. */
export interface Store {
  putThumbnail(videoId: string, n: number, png: Uint8Array): Promise<void>;
  /** Gives null when there is no such thumbnail. */
  openThumbnail(videoId: string, n: number): Promise<Readable | null>;
  copyThumbnail(videoId: string, n: number, to: string): Promise<void>;
  /** Takes back one thumbnail. */
  removeThumbnail(videoId: string, n: number): Promise<void>;
  deleteThumbnails(videoId: string): Promise<void>;
}

const store: Store = config.store === "database" ? database : folder;

export const putThumbnail: Store["putThumbnail"] = store.putThumbnail;
export const openThumbnail: Store["openThumbnail"] = store.openThumbnail;
export const copyThumbnail: Store["copyThumbnail"] = store.copyThumbnail;
export const removeThumbnail: Store["removeThumbnail"] = store.removeThumbnail;
export const deleteThumbnails: Store["deleteThumbnails"] = store.deleteThumbnails;
