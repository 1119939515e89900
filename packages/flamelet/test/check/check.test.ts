/** `flamelet check` as it is run by people. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const cli = fileURLToPath(new URL("../../dist/cli.js", import.meta.url));

let root: string;

const GOOD = `import { flame } from "flamelet";
import { probe } from "./probe.ts";
export async function thumbs(video: { url: string }, count: number): Promise<unknown> {
  await flame.call("pool", probe);
  return flame.call("pool", async () => [video.url, count]);
}
`;
const BAD = `import { flame } from "flamelet";
export class Thumbs {
  url = "";
  async make(): Promise<void> {
    let n = 0;
    await flame.call("pool", () => this.url);
    await flame.call("pool", () => {
      n += 1;
    });
  }
}
`;
const WARNED = `import { fire } from "./pools.ts";
let total = 0;
export const add = (n: number) => fire.cast("pool", () => {
  total += n;
});
void total;
`;

before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "flamelet-check-")));
  const files = {
    "package.json": '{ "name": "app", "type": "module" }',
    "src/good.ts": GOOD,
    "src/probe.ts": "export const probe = async (): Promise<number> => 1;\n",
    "src/pools.ts": 'export { flame as fire } from "flamelet";\n',
    "src/warned.ts": WARNED,
    "src/types.d.ts": BAD,
    "src/notes.md": BAD,
    "src/elsewhere.ts": "this is no TypeScript, and none of our business",
    "bad/bad.ts": BAD,
    "bad/broken.ts": 'import { flame } from "flamelet";\nflame.call("pool", () => {);\n',
    "node_modules/dep/index.ts": BAD,
    "dist/bad.js": BAD,
    ".cache/bad.ts": BAD,
  };
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), text);
  }
});

after(() => rm(root, { recursive: true, force: true }));

function check(args: readonly string[], cwd = "."): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [cli, "check", ...args], { cwd: join(root, cwd) }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test("says what is refused, in every closure, with its place and code, and ends with 1", async () => {
  const { code, out } = await check([]);
  assert.equal(code, 1);
  assert.match(out, /^bad\/bad\.ts:6:36: the closure given to flame\.call uses "this".*const \{ url \} = this$/m);
  assert.match(out, /^bad\/bad\.ts:8:7: the closure given to flame\.call assigns to "n", a local variable/m);
  assert.match(out, /^> +8 \| {7}n \+= 1;\n +\| {7}\^$/m);
  assert.match(out, /^bad\/broken\.ts:2:\d+: cannot be parsed: .*\n\n[^]*> 2 \| flame\.call/m);
  assert.match(
    out,
    /^src\/warned\.ts:4:3: warning: the closure given to flame\.cast assigns to "total", a variable of/m,
  );
  assert.match(out, /\n3 functions can run remotely, 3 refused, 1 warning\n$/);
});

test("looks at nothing that people do not write, nor at modules that have nothing to do with it", async () => {
  const { out } = await check([]);
  assert.doesNotMatch(out, /node_modules|dist|\.cache|types\.d\.ts|notes|elsewhere/);
});

test("checks the given paths only, relative to the project wherever it is run, and warnings alone are no failure", async () => {
  const { code, out } = await check(["warned.ts", "../src/good.ts", "good.ts"], "src");
  assert.equal(code, 0, out);
  assert.match(out, /^src\/warned\.ts:4:3: warning: /);
  assert.match(out, /\n3 functions can run remotely, 0 refused, 1 warning\n$/);
  assert.equal((await check(["node_modules/dep/index.ts"])).code, 1);
});

test("lists what runs remotely, and what it captures", async () => {
  const { code, out } = await check(["--list", "src/good.ts", "src/warned.ts"]);
  assert.equal(code, 0);
  assert.ok(
    out.includes(`src/good.ts#thumbs/0
    flame.call at src/good.ts:4 captures nothing

src/good.ts#thumbs/1
    flame.call at src/good.ts:5 captures video, count

src/warned.ts#add/0
    flame.cast at src/warned.ts:3 captures n
`),
    out,
  );
});

test("explains itself, and what was wrong with how it was called", async () => {
  const help = await check(["--help"]);
  assert.equal(help.code, 0);
  assert.match(help.out, /flamelet check \[--list\] \[path…\]/);
  const missing = await check(["nowhere"]);
  assert.equal(missing.code, 2);
  assert.match(missing.err, /^flamelet: cannot read "nowhere": ENOENT/);
  const option = await check(["--fix"]);
  assert.equal(option.code, 2);
  assert.match(option.err, /^flamelet: Unknown option '--fix'/);
});
