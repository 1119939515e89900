import { randomInt } from "node:crypto";
import pg from "pg";
import { database } from "./connection.ts";

/** Keeps our locks apart from those of others in the same database. */
const SPACE = 7_233_102;
const SWEEP_EVERY_MS = 30_000;
/** A page sends the bytes right after it made the video. */
const ABANDONED_AFTER = "1 minute";

/** This parent, as the rows of its uploads name it. */
export interface Owner {
  readonly id: number;
  release(): Promise<void>;
}

/**
 * Makes this process known as the owner of its uploads, by an advisory lock that Postgres drops when the connection
 * ends, however the process ended. Uploads whose owner is gone are marked as failed, now and from time to time.
 */
export async function becomeOwner(): Promise<Owner> {
  const id = randomInt(1, 2 ** 31);
  const client = new pg.Client({ connectionString: process.env["DATABASE_URL"] });
  client.on("error", () => {});
  await client.connect();
  await client.query("select pg_advisory_lock($1, $2)", [SPACE, id]);
  await failOrphans();
  const timer = setInterval(() => void failOrphans().catch(() => {}), SWEEP_EVERY_MS);
  timer.unref();
  return {
    id,
    release: async () => {
      clearInterval(timer);
      await client.end();
    },
  };
}

/** Marks as failed what nobody works on any more: its owner's lock is free, or nothing was ever sent. */
export async function failOrphans(): Promise<void> {
  await database().query(
    `update videos set status = 'failed', error_code = 'interrupted', finished_at = now(),
       error_message = 'The upload was interrupted. Please try again.'
     where (status in ('waiting', 'uploading') and pg_try_advisory_xact_lock($1, owner))
        or (status = 'waiting' and created_at < now() - interval '${ABANDONED_AFTER}')`,
    [SPACE],
  );
}
