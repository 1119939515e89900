import assert from "node:assert/strict";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import pg from "pg";
import { startEmbeddedPostgres } from "../src/database/embedded-postgres.ts";
import { stopPostgres } from "./support/app.ts";
import { temporaryFolder } from "./support/folder.ts";

describe("the embedded Postgres", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const dataDir = (): string => join(folder.path, "postgres");
  const pidFile = (): string => join(dataDir(), "postmaster.pid");
  const pid = async (): Promise<number> => Number((await readFile(pidFile(), "utf8")).split("\n")[0]);

  before(async () => {
    folder = await temporaryFolder();
  });
  after(async () => {
    await stopPostgres(folder.path);
    await folder[Symbol.asyncDispose]();
  });

  test("starts, keeps data, and stops", async () => {
    const first = await startEmbeddedPostgres(dataDir(), "app");
    await query(first.url, "create table t (v int); insert into t values (7)");
    await first.stop();
    await assert.rejects(readFile(pidFile()));
    const second = await startEmbeddedPostgres(dataDir(), "app");
    assert.deepEqual(await query(second.url, "select v from t"), [{ v: 7 }]);
    await second.stop();
  });

  test("is shared by two that start at once, and stays for as long as one of them is connected", async () => {
    const [a, b] = await Promise.all([
      startEmbeddedPostgres(dataDir(), "app"),
      startEmbeddedPostgres(dataDir(), "app"),
    ]);
    const client = new pg.Client({ connectionString: b.url });
    await client.connect();
    await a.stop();
    assert.deepEqual((await client.query("select 1 as one")).rows, [{ one: 1 }]);
    await client.end();
    await b.stop();
    await assert.rejects(readFile(pidFile()));
  });

  test("one that a dead parent left behind is joined", async () => {
    await startEmbeddedPostgres(dataDir(), "app");
    const left = await pid();
    const joined = await startEmbeddedPostgres(dataDir(), "app");
    assert.equal(await pid(), left);
    await joined.stop();
  });

  test("a stale file of a dead process, or of one that is something else, does not matter", async () => {
    const database = await startEmbeddedPostgres(dataDir(), "app");
    const text = await readFile(pidFile(), "utf8");
    await database.stop();
    for (const stale of [2 ** 22 - 1, process.pid]) {
      await writeFile(pidFile(), text.replace(/^\d+/, String(stale)));
      const started = await startEmbeddedPostgres(dataDir(), "app");
      assert.notEqual(await pid(), stale);
      await started.stop();
      await rm(pidFile(), { force: true });
    }
  });
});

async function query(url: string, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as unknown[];
  } finally {
    await client.end();
  }
}
