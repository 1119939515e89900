import { VideoError } from "../video-error.ts";
import { database } from "./connection.ts";

export type VideoStatus = "waiting" | "uploading" | "done" | "failed";

/** A picture, as the API shows it. */
export interface Thumbnail {
  readonly n: number;
  /** Where it stands in the video. */
  readonly seconds: number;
  readonly url: string;
}

/** A video, as the API shows it. */
export interface Video {
  readonly id: string;
  readonly name: string;
  /** Seconds between thumbnails. */
  readonly every: number;
  readonly sizeBytes: number | null;
  /** Seconds, once known. */
  readonly duration: number | null;
  readonly status: VideoStatus;
  readonly error: { readonly code: string; readonly message: string } | null;
  /** The runner that made the thumbnails. */
  readonly runner: string | null;
  readonly createdAt: string;
  readonly thumbnails: readonly Thumbnail[];
}

interface Row {
  id: string;
  name: string;
  every: number;
  size_bytes: string | null;
  duration: number | null;
  status: VideoStatus;
  error_code: string | null;
  error_message: string | null;
  runner: string | null;
  created_at: Date;
  thumbnails: { n: number; seconds: number }[];
}

const SELECT = `select v.*, coalesce(
    (select json_agg(json_build_object('n', t.n, 'seconds', t.seconds) order by t.n) from thumbnails t where t.video_id = v.id),
    '[]') as thumbnails
  from videos v`;

/** Where the API serves a thumbnail. */
export function thumbnailUrl(videoId: string, n: number): string {
  return `/api/videos/${videoId}/thumbnails/${n}.png`;
}

export async function createVideo(video: {
  id: string;
  name: string;
  every: number;
  status: "waiting" | "uploading";
  owner: number;
}): Promise<void> {
  await database().query("insert into videos (id, name, every, status, owner) values ($1, $2, $3, $4, $5)", [
    video.id,
    video.name,
    video.every,
    video.status,
    video.owner,
  ]);
}

/** Takes a waiting video for this upload. False when there is none, or when another upload has it. */
export async function claimVideo(id: string, owner: number): Promise<boolean> {
  const { rowCount } = await database().query(
    "update videos set status = 'uploading', owner = $2 where id = $1 and status = 'waiting'",
    [id, owner],
  );
  return rowCount === 1;
}

export async function findVideo(id: string): Promise<Video | null> {
  const { rows } = await database().query<Row>(`${SELECT} where v.id = $1`, [id]);
  return rows[0] === undefined ? null : toVideo(rows[0]);
}

/** The newest videos first. */
export async function listVideos(limit: number): Promise<Video[]> {
  const { rows } = await database().query<Row>(`${SELECT} order by v.created_at desc limit $1`, [limit]);
  return rows.map(toVideo);
}

export async function setRunner(id: string, runner: string | null): Promise<void> {
  await database().query("update videos set runner = $2 where id = $1", [id, runner]);
}

/** Notes that a thumbnail is in the store. Fails when the video was deleted, or given up, in the meantime. */
export async function addThumbnail(videoId: string, n: number, seconds: number, bytes: number): Promise<void> {
  const { rowCount } = await database().query(
    `insert into thumbnails (video_id, n, seconds, bytes)
     select id, $2, $3, $4 from videos where id = $1 and status = 'uploading' for share`,
    [videoId, n, seconds, bytes],
  );
  if (rowCount === 0) throw new VideoError("cancelled", "The video was cancelled.");
}

export async function finishVideo(id: string, sizeBytes: number, duration: number | null): Promise<void> {
  await database().query(
    `update videos set status = 'done', size_bytes = $2, duration = $3, finished_at = now()
     where id = $1 and status = 'uploading'`,
    [id, sizeBytes, duration],
  );
}

/** Does nothing to a video that has ended already. */
export async function failVideo(id: string, code: string, message: string): Promise<void> {
  await database().query(
    `update videos set status = 'failed', error_code = $2, error_message = $3, finished_at = now()
     where id = $1 and status in ('waiting', 'uploading')`,
    [id, code, message],
  );
}

/** Forgets a video and its thumbnails. False when there was none. */
export async function deleteVideo(id: string): Promise<boolean> {
  const { rowCount } = await database().query("delete from videos where id = $1", [id]);
  return rowCount === 1;
}

function toVideo(row: Row): Video {
  return {
    id: row.id,
    name: row.name,
    every: row.every,
    sizeBytes: row.size_bytes === null ? null : Number(row.size_bytes),
    duration: row.duration,
    status: row.status,
    error: row.error_code === null ? null : { code: row.error_code, message: row.error_message ?? "" },
    runner: row.runner,
    createdAt: row.created_at.toISOString(),
    thumbnails: row.thumbnails.map((t) => ({ ...t, url: thumbnailUrl(row.id, t.n) })),
  };
}
