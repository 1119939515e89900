import { execFile, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { chownSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import pg from "pg";
import { postgresAccount, postgresBinaries, reachable, SHARED_DIR, type Account } from "./postgres-binaries.ts";

/** A Postgres of our own, for whoever has none. It listens on a socket file only, so it needs no port and no password. */
export interface EmbeddedPostgres {
  readonly url: string;
  /** Stops it, unless somebody else (a second server, the command line) is still connected. */
  stop(): Promise<void>;
}

const USER = "postgres";
const START_TIMEOUT_MS = 60_000;
const MAX_LAUNCHES = 5;
/** Socket paths are limited to 107 bytes on Linux and 103 on macOS, and Postgres adds a name of 17. */
const MAX_SOCKET_DIR = 85;

/**
 * Starts the Postgres whose data is in `dir`, or joins the one that already runs there: that of another process, or one
 * that was left behind when its parent was killed. It is on purpose not our child in spirit: it has its own process
 * group, so that Ctrl-C reaches the app, which may still have rows to write, and not the database under it.
 */
export async function startEmbeddedPostgres(dir: string, name: string): Promise<EmbeddedPostgres> {
  const account = postgresAccount();
  const dataDir = reachable(dirname(dir), account) ? dir : join(SHARED_DIR, `flamelet-thumbs-${shortHash(dir)}`);
  const deadline = Date.now() + START_TIMEOUT_MS;
  const log = join(dirname(dir), "postgres.log");
  mkdirSync(dirname(dir), { recursive: true });
  let child: ChildProcess | undefined;
  let launches = 0;
  let problem: unknown;
  while (Date.now() < deadline) {
    const running = runningPostgres(dataDir);
    if (running !== null) {
      const url = socketUrl(running.socketDir);
      try {
        await createDatabase(url("postgres"), name);
        return { url: url(name), stop: () => stop(running.pid, url("postgres")) };
      } catch (error) {
        problem = error;
        // A process of that id exists, but it is not the one that wrote the file: ids are used again, in containers soon.
        if (!isPostgres(running.pid)) rmSync(join(dataDir, "postmaster.pid"), { force: true });
      }
    } else if (child === undefined || child.exitCode !== null || child.signalCode !== null) {
      // Two of us may get here at once. Then one Postgres refuses to start, and both of us join the other one.
      if (++launches > MAX_LAUNCHES) break;
      child = await launch(dataDir, log, account);
    }
    await sleep(50);
  }
  throw new Error(`the embedded Postgres did not start; its log is ${log}`, { cause: problem });
}

async function launch(dataDir: string, log: string, account: Account | null): Promise<ChildProcess> {
  const binaries = await postgresBinaries(account);
  const as = account ?? {};
  if (!existsSync(join(dataDir, "PG_VERSION"))) {
    // Made under another name first: a folder of the right name is always a whole one.
    const part = `${dataDir}.${process.pid}`;
    rmSync(part, { recursive: true, force: true });
    mkdirSync(part, { recursive: true, mode: 0o700 });
    if (account !== null) chownSync(part, account.uid, account.gid);
    const options = ["--pgdata", part, "--username", USER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C"];
    try {
      await promisify(execFile)(binaries.initdb, [...options, "--no-sync"], { ...as, cwd: "/" });
      renameSync(part, dataDir);
    } catch (error) {
      rmSync(part, { recursive: true, force: true });
      if (!existsSync(join(dataDir, "PG_VERSION"))) throw error;
    }
  }
  const settings = ["listen_addresses=", `unix_socket_directories=${socketDir(dataDir, account)}`];
  const output = openSync(log, "a");
  const child = spawn(binaries.postgres, ["-D", dataDir, ...settings.flatMap((setting) => ["-c", setting])], {
    ...as,
    cwd: "/",
    detached: true,
    stdio: ["ignore", output, output],
  });
  closeSync(output);
  child.on("error", () => {});
  child.unref();
  return child;
}

/** The data folder is closed to other people, and so is then the socket in it, which asks for no password. */
function socketDir(dataDir: string, account: Account | null): string {
  if (dataDir.length <= MAX_SOCKET_DIR) return dataDir;
  const dir = join(tmpdir(), `flamelet-thumbs-${shortHash(dataDir)}`);
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  if (account !== null) chownSync(dir, account.uid, account.gid);
  return dir;
}

function runningPostgres(dataDir: string): { pid: number; socketDir: string } | null {
  let lines: string[];
  try {
    lines = readFileSync(join(dataDir, "postmaster.pid"), "utf8").split("\n");
  } catch {
    return null;
  }
  const pid = Number(lines[0]);
  const socket = lines[4]?.trim();
  return pid > 0 && socket && isAlive(pid) ? { pid, socketDir: socket } : null;
}

function isAlive(pid: number): boolean {
  // A dead process that nobody has taken notice of, as happens in containers without an init process.
  if (/\) Z /.test(about(pid, "stat") ?? "")) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** Where the system does not tell, we believe that it is: then somebody has to remove the file by hand. */
function isPostgres(pid: number): boolean {
  const program = about(pid, "cmdline")?.split(/[\0 ]/)[0];
  return program === undefined ? about("self", "cmdline") === null : basename(program) === "postgres";
}

function about(pid: number | "self", what: "stat" | "cmdline"): string | null {
  try {
    return readFileSync(`/proc/${pid}/${what}`, "utf8");
  } catch {
    return null;
  }
}

async function createDatabase(url: string, name: string): Promise<void> {
  await withClient(url, async (client) => {
    const { rowCount } = await client.query("select from pg_database where datname = $1", [name]);
    if (rowCount === 1) return;
    try {
      await client.query(`create database ${client.escapeIdentifier(name)}`);
    } catch (error) {
      // Somebody else made it between the two statements.
      if (!["42P04", "23505"].includes((error as { code?: string }).code ?? "")) throw error;
    }
  });
}

async function stop(pid: number, url: string): Promise<void> {
  const others = await withClient(url, async (client) => {
    const { rows } = await client.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity
       where backend_type = 'client backend' and pid <> pg_backend_pid()`,
    );
    return rows[0]?.others ?? 0;
  }).catch(() => 0);
  if (others > 0 || !isAlive(pid)) return;
  process.kill(pid, "SIGINT");
  while (isAlive(pid)) await sleep(20);
}

async function withClient<T>(url: string, use: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function socketUrl(dir: string): (database: string) => string {
  return (database) => `postgres://${USER}@/${database}?host=${encodeURIComponent(dir)}`;
}

function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}
