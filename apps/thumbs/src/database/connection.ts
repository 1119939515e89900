import pg from "pg";
import { flame } from "flamelet";

let pool: pg.Pool | undefined;

/**
 * The database of this copy of the app, connected at the first query. A runner has connections of its own, and few of
 * them: there may be many runners.
 */
export function database(): pg.Pool {
  if (pool === undefined) {
    const connectionString = process.env["DATABASE_URL"];
    if (!connectionString) throw new Error("DATABASE_URL is not set: call openDatabase() first");
    pool = new pg.Pool({ connectionString, max: flame.isRunner ? 2 : 10 });
    // A connection that dies while idle is replaced at the next query, which fails by itself if that is impossible.
    pool.on("error", () => {});
  }
  return pool;
}

/** Closes every connection. The next query would open a new one. */
export async function closeConnections(): Promise<void> {
  const closing = pool;
  pool = undefined;
  await closing?.end();
}
