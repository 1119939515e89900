import { readdir, readFile } from "node:fs/promises";
import { database } from "./connection.ts";

const FOLDER = new URL("./migrations/", import.meta.url);
/** Any number, as long as it is always the same: two copies that start together must not migrate together. */
const LOCK = 7_233_101;

/** Brings the database up to date: runs each file of `migrations/` that it has not seen, in order, in one transaction. */
export async function migrate(): Promise<void> {
  const files = (await readdir(FOLDER)).filter((file) => file.endsWith(".sql")).sort();
  const client = await database().connect();
  try {
    await client.query("begin");
    await client.query("select pg_advisory_xact_lock($1)", [LOCK]);
    await client.query(
      "create table if not exists migrations (file text primary key, ran_at timestamptz default now())",
    );
    const { rows } = await client.query<{ file: string }>("select file from migrations");
    const seen = new Set(rows.map((row) => row.file));
    for (const file of files.filter((name) => !seen.has(name))) {
      await client.query(await readFile(new URL(file, FOLDER), "utf8"));
      await client.query("insert into migrations (file) values ($1)", [file]);
    }
    await client.query("commit");
  } catch (error) {
    await client.query("rollback").catch(() => {});
    throw error;
  } finally {
    client.release();
  }
}
