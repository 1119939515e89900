import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DIRECTORY_PREFIX, removeStaleSockets, SOCKET_NAME } from "../../src/runner/stale-sockets.ts";

const base = mkdtempSync(join(tmpdir(), "stale-"));
after(() => rmSync(base, { recursive: true, force: true }));

const directory = (name: string): string => {
  const path = join(base, `${DIRECTORY_PREFIX}${name}`);
  mkdirSync(path);
  return path;
};

/** As if nothing had happened there for long. */
const settled = (path: string): void => utimesSync(path, new Date(0), new Date(0));

test("only the sockets of parents that are gone are removed", async () => {
  const dead = directory("dead");
  const empty = directory("empty");
  // Bound, and not yet listened on, it refuses as a dead one does.
  const opening = directory("opening");
  const paths = [dead, opening].map((path) => JSON.stringify(join(path, SOCKET_NAME)));
  const listen = paths.map((path) => `createServer().listen(${path})`).join(", ");
  const script = `const { createServer } = require("net"); ${listen}.once("listening", () => console.log("listening"))`;
  const parent = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "ignore"] });
  await once(parent.stdout, "data");
  parent.kill("SIGKILL");
  await once(parent, "exit");
  const living = directory("living");
  const server = createServer((socket) => socket.destroy()).listen(join(living, SOCKET_NAME));
  await once(server, "listening");
  const other = join(base, "other");
  mkdirSync(other);
  writeFileSync(join(other, SOCKET_NAME), "");

  for (const path of [dead, living, empty, other]) settled(path);
  await removeStaleSockets(base);
  assert.deepEqual(
    [dead, empty, living, opening, other].map((path) => existsSync(path)),
    [false, false, true, true, true],
  );
  server.close();
});
