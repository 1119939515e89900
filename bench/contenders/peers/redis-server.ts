import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Unavailable } from "../../harness/case.ts";

/** A Redis of this bench's own, which writes nothing to disk. */
export interface Redis extends Disposable {
  /** Its socket file. */
  readonly path: string;
}

/** Starts one. Throws `Unavailable` where there is no `redis-server` in the path. */
export async function startRedis(): Promise<Redis> {
  const folder = mkdtempSync(join(tmpdir(), "bench-redis-"));
  const path = join(folder, "redis.sock");
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", path, "--save", "", "--dir", folder], {
    stdio: "ignore",
  });
  const over = (): void => {
    server.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  };
  let missing = false;
  server.on("error", () => (missing = true));
  while (!(await accepts(path))) {
    if (missing || server.exitCode !== null) {
      over();
      throw new Unavailable("there is no redis-server in the path, or it does not start");
    }
    await sleep(10);
  }
  return { path, [Symbol.dispose]: over };
}

function accepts(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    }).on("error", () => resolve(false));
  });
}
