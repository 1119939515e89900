import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { cleanEnv, command, stopPostgres } from "./support/app.ts";
import { temporaryFolder } from "./support/folder.ts";
import { makeVideo } from "./support/videos.ts";

describe("the command line", () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;

  before(async () => {
    folder = await temporaryFolder();
    await makeVideo(join(folder.path, "a.mp4"));
  });
  after(async () => {
    await stopPostgres(folder.path);
    await folder[Symbol.asyncDispose]();
  });

  function run(...args: string[]): Promise<{ code: number; out: string; err: string }> {
    // INIT_CWD is where npm was called.
    const env = { ...cleanEnv(), STORE_DIR: folder.path, INIT_CWD: folder.path };
    return new Promise((resolve) => {
      const all = [...command.args, "src/cli.ts", ...args];
      execFile(process.execPath, all, { cwd: command.cwd, env }, (error, out, err) => {
        resolve({ code: error === null ? 0 : Number(error.code), out, err });
      });
    });
  }

  test("makes thumbnails on a runner and puts them where it is told", async () => {
    const { code, out, err } = await run("a.mp4", "--every", "2", "--out", "pictures");
    assert.equal(
      err.trim().replace(/ffmpeg-\S+/, "RUNNER"),
      `[${"#".repeat(24)}]  100 %  3 thumbnails  finishing on RUNNER`,
    );
    assert.equal(code, 0);
    assert.equal(out, `3 thumbnails in ${join(folder.path, "pictures")}\n`);
    const files = ["0000-00h00m00s.png", "0001-00h00m02s.png", "0002-00h00m04s.png"];
    assert.deepEqual((await readdir(join(folder.path, "pictures"))).sort(), files);
    const png = await readFile(join(folder.path, "pictures", files[2]!));
    assert.equal(png.readUInt32BE(16), 320);
  });

  test("help and mistakes are told without a stack", async () => {
    const help = await run("--help");
    assert.equal(help.code, 0);
    assert.match(help.out, /Usage: .*--every <seconds>/s);
    await writeFile(join(folder.path, "notes.txt"), "Only words.");
    const mistakes: [string[], number, RegExp][] = [
      [[], 2, /^Which video\? Give the path of a file\.\nTry --help\.\n$/],
      [["a.mp4", "--every", "x"], 2, /--every must be a number/],
      [["missing.mp4"], 1, /^There is no file .*missing\.mp4\.\n$/],
      [["."], 1, /is not a file/],
      [["notes.txt"], 1, /^This is a text file, not a video/],
    ];
    for (const [args, code, message] of mistakes) {
      const result = await run(...args);
      assert.equal(result.code, code, result.err);
      assert.match(result.err, message);
      assert.doesNotMatch(result.err, /\n\s+at /);
    }
  });
});
