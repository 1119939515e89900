import { join } from "node:path";
import { config } from "../config.ts";
import { closeConnections } from "./connection.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "./embedded-postgres.ts";
import { migrate } from "./migrate.ts";
import { becomeOwner, type Owner } from "./ownership.ts";

/** The database as a parent opened it. */
export interface OpenDatabase {
  readonly owner: Owner;
  close(): Promise<void>;
}

/**
 * Opens the database in a parent: that of `DATABASE_URL`, or else an embedded one. Its address is put into the
 * environment, where runners find it as they would find one that was set from outside.
 */
export async function openDatabase(): Promise<OpenDatabase> {
  let embedded: EmbeddedPostgres | undefined;
  if (config.databaseUrl === null) {
    embedded = await startEmbeddedPostgres(join(config.storeDir, "postgres"), "thumbs");
    process.env["DATABASE_URL"] = embedded.url;
  }
  try {
    await migrate();
    const owner = await becomeOwner();
    return {
      owner,
      close: async () => {
        await owner.release();
        await closeConnections();
        await embedded?.stop();
      },
    };
  } catch (error) {
    await closeConnections();
    await embedded?.stop();
    throw error;
  }
}
