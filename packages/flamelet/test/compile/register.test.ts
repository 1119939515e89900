import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import MagicString from "magic-string";
import { markRemoteFrames } from "../../src/remote-frames.ts";

/** An app of its own, in which flamelet is installed as it is built: run `npm run build` first. */
let root: string;

before(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), "flamelet-register-")));
  await mkdir(join(root, "node_modules"));
  await symlink(join(import.meta.dirname, "../.."), join(root, "node_modules/flamelet"), "junction");
  await write("package.json", '{ "name": "app", "type": "module" }');
});

after(() => rm(root, { recursive: true, force: true }));

async function write(name: string, content: string): Promise<void> {
  const file = join(root, name);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, content);
}

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a module of the app as its users do. */
function run(module: string, cwd = "."): Promise<Ended> {
  const args = ["--import", "flamelet/register", join(root, module)];
  // An app is not told that a test started it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: join(root, cwd), env, timeout: 30_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    });
  });
}

async function output(module: string, cwd?: string): Promise<string> {
  const { code, stdout, stderr } = await run(module, cwd);
  assert.equal(`${code}${stderr}`, "0", "it failed, or wrote to stderr");
  return stdout.trimEnd();
}

const POOL = 'const pool = flame.pool("p", { backend: flame.backend.inline() });';

/** A module that prints what its function looks like once it is loaded, which shows whether it was compiled. */
const SHOWS = `export function shows(x) { return flame.call(pool, () => x); }\nconsole.log(shows.toString());`;

test("a runner that is a process of its own runs the closures of the app", async () => {
  await write(
    "src/process.ts",
    `import { flame } from "flamelet";
interface Video { url: string }
const pool = flame.pool("p", { backend: flame.backend.process() });
async function thumbs(video: Video, count: number): Promise<[string, number]> {
  return flame.call(pool, async () => {
    return [\`\${video.url}/\${count}\`, process.pid];
  });
}
if (!flame.isRunner) {
  const [text, pid] = await thumbs({ url: "u" }, 3);
  console.log(text, pid !== process.pid);
  await pool.close();
  process.exit();
}
`,
  );
  assert.equal(await output("src/process.ts"), "u/3 true");
});

test("a closure on a runner makes a remote call of its own", async () => {
  await write(
    "src/nested.ts",
    `import { flame } from "flamelet";
const [outer, inner] = ["outer", "inner"].map((name) => flame.pool(name, { backend: flame.backend.process(), max: 1 }));
async function nested(n: number): Promise<unknown> {
  return flame.call(outer!, async () => {
    const pid = process.pid;
    const doubled = n * 2;
    return flame.call(inner!, async () => [doubled, process.pid !== pid, flame.parent?.pool].join());
  });
}
if (!flame.isRunner) {
  console.log(await nested(21));
  await flame.shutdown();
  process.exit();
}
`,
  );
  assert.equal(await output("src/nested.ts"), "42,true,inner");
});

test("a module that never mentions flamelet gets it from one that hands it on", async () => {
  await write("src/hands-on.ts", 'export { flame as fire } from "flamelet";');
  await write(
    "src/gets.ts",
    `import { fire } from "./hands-on.ts";\n${POOL.replace(/flame/g, "fire")}\nconsole.log(await ((x: string) => fire.call(pool, () => x))("got"), String(() => fire.call(pool, () => 1)));`,
  );
  assert.match(await output("src/gets.ts"), /^got .*\$flame_closure\("src\/gets\.ts#\/1"/);
});

test("an await in a closure that is not async is refused with what to write, not as a syntax error", async () => {
  await write(
    "src/awaits.ts",
    `import { flame } from "flamelet"; ${POOL}\nawait flame.call(pool, () => {\n  await 1;\n});`,
  );
  const { code, stderr } = await run("src/awaits.ts");
  assert.equal(code, 1);
  assert.match(stderr, /^CompileError: src\/awaits\.ts:3:3: the closure given to flame\.call awaits.*async \(\) =>/m);
});

test("an error in the copy shows the line and the column of the original", async () => {
  await write(
    "src/throws.ts",
    `import { flame } from "flamelet";
${POOL}
type Name = string;
function fails(name: Name) {
  return flame.call(pool, async () => {
    const message: string = "no " + name;
    throw new Error(message);
  });
}
await fails("x").catch((error: Error) => console.log(error.stack));
`,
  );
  const [message, frame] = (await output("src/throws.ts")).split("\n");
  assert.equal(message, "Error: no x");
  assert.ok(frame?.endsWith(`${join(root, "src/throws.ts")}:7:11)`), frame);
});

test("the frames of an error are marked as those of the runner, whatever its message looks like", () => {
  const error = new Error("a\n    at no frame");
  error.stack = "Error: a\n    at no frame\n    at f (/a.ts:1:2)\n    at async /a.ts:3:4\n    at new A (/b.ts:1:1)";
  markRemoteFrames(error, "p-1");
  assert.equal(
    error.stack,
    "Error: a\n    at no frame\n    at [runner p-1] f (/a.ts:1:2)\n" +
      "    at async [runner p-1] <anonymous> (/a.ts:3:4)\n    at [runner p-1] new A (/b.ts:1:1)",
  );
});

test("what only called the function over there is left out of its error's frames", () => {
  const own = new URL("../../src/child/serve.ts", import.meta.url);
  const plumbing = `    at runs (node:async_hooks:1:1)\n    at #run (${own.href}:1:1)\n    at #on (${own.pathname}:2:2)`;
  const error = new Error("no");
  error.stack = `Error: no\n    at read (node:fs:1:2)\n    at f (/a.ts:1:2)\n${plumbing}`;
  markRemoteFrames(error, "p-1");
  assert.equal(error.stack, "Error: no\n    at [runner p-1] read (node:fs:1:2)\n    at [runner p-1] f (/a.ts:1:2)");
  const ours = new Error("no");
  ours.stack = `Error: no\n${plumbing}`;
  markRemoteFrames(ours, "p-1");
  assert.equal(ours.stack?.split("\n").length, 4);
});

test("compiles .mts, .js, .mjs, .cjs and .cts, imported and required", async () => {
  const esm = `import { flame } from "flamelet"; ${POOL}\nconsole.log(await ((x) => flame.call(pool, () => x))("NAME"));\n`;
  const cjs = `const { flame } = require("flamelet"); ${POOL}\nmodule.exports = ((x) => flame.call(pool, () => x));\n`;
  await write("kinds/a.mts", esm.replace("NAME", "mts").replace("(x)", "(x: string)").replace('"p"', '"a"'));
  await write("kinds/b.js", esm.replace("NAME", "js").replace('"p"', '"b"'));
  await write("kinds/c.mjs", esm.replace("NAME", "mjs").replace('"p"', '"c"'));
  await write("kinds/d.cjs", cjs.replace('"p"', '"d"'));
  await write("kinds/e.cts", cjs.replace("(x)", "(x: string)").replace('"p"', '"e"'));
  await write(
    "kinds/main.js",
    `import "./a.mts"; import "./b.js"; import "./c.mjs"; import d from "./d.cjs"; import { createRequire } from "node:module";
const e = createRequire(import.meta.url)("./e.cts");
console.log(await d("cjs"), await e("cts"));
for (const f of [d, e]) console.log(f.toString().includes("$flame_closure"));`,
  );
  assert.deepEqual((await output("kinds/main.js")).split("\n"), ["mts", "js", "mjs", "cjs cts", "true", "true"]);
});

test("ids are relative to the nearest package.json above the working directory", async () => {
  await write("src/deep/shows.js", `import { flame } from "flamelet"; ${POOL}\n${SHOWS}`);
  assert.match(await output("src/deep/shows.js", "src/deep"), /\$flame_closure\("src\/deep\/shows\.js#shows\/0"/);
});

test("a query after the path of a module makes no difference", async () => {
  await write("src/query.js", `import { flame } from "flamelet"; ${POOL}\n${SHOWS}`);
  await write("src/queries.js", 'await import("./query.js?version=2");');
  assert.match(await output("src/queries.js"), /\$flame_closure\("src\/query\.js#shows\/0"/);
});

test("leaves packages alone", async () => {
  await write("node_modules/dep/package.json", '{ "type": "module", "exports": "./index.js" }');
  await write("node_modules/dep/index.js", `import { flame } from "flamelet"; ${POOL}\n${SHOWS}`);
  await write("src/uses-dep.js", 'import "dep";');
  assert.doesNotMatch(await output("src/uses-dep.js"), /\$flame/);
});

test("the parser is loaded only when a module mentions flamelet", async () => {
  const loaded =
    'import { createRequire } from "node:module";\n' +
    'console.log(Object.keys(createRequire(import.meta.url).cache).some((file) => file.includes("oxc-parser")));\n';
  await write("src/plain.js", loaded);
  await write("src/mentions.js", `// flamelet\n${loaded}`);
  assert.equal(await output("src/plain.js"), "false");
  assert.equal(await output("src/mentions.js"), "true");
});

const REFUSED = `import { flame } from "flamelet";
${POOL}
export async function count() {
  let n = 0;
  await flame.call(pool, async () => {
    n += 1;
  });
}
`;

test("a closure that is refused ends the app with the place, the reason and the code, and nothing of ours", async () => {
  await write("src/refused.ts", REFUSED);
  await write("src/imports-refused.ts", 'import "./refused.ts";');
  for (const entry of ["src/refused.ts", "src/imports-refused.ts"]) {
    const { code, stderr } = await run(entry);
    assert.equal(code, 1);
    assert.match(stderr, /^CompileError: src\/refused\.ts:6:5: the closure given to flame\.call assigns to "n"/m);
    assert.match(stderr, /^> 6 \| {5}n \+= 1;\n {4}\| {5}\^$/m);
    assert.ok(stderr.includes(`    at ${join(root, "src/refused.ts")}:6:5\n`));
    assert.doesNotMatch(stderr, /dist|compile\.|hosts/);
  }
});

test("an assignment to a variable of the module is warned of", async () => {
  await write(
    "src/warned.js",
    `import { flame } from "flamelet"; ${POOL}\nlet n = 0;\nawait flame.call(pool, () => { n += 1; });\nvoid n;`,
  );
  const { code, stderr } = await run("src/warned.js");
  assert.equal(code, 0);
  assert.match(stderr, /FlameletWarning: src\/warned\.js:3:32: the closure given to flame\.call assigns to "n"/);
});

test("large captures are warned of once for each closure, by their names and sizes", async () => {
  await write(
    "src/large.js",
    `import { flame } from "flamelet"; ${POOL}
const small = async (big, little, bytes) => flame.call(pool, () => [big.length, little, bytes.length]);
for (let i = 0; i < 3; i++) await small("x".repeat(2_000_000), 1, new Uint8Array(500_000));
await ((text) => flame.call(pool, () => text.length))("x".repeat(500_000));
const items = ["x".repeat(3_000_000)];
for await (const _ of ((n) => flame.map(pool, items, (item) => item.length + n))(1));
`,
  );
  const { code, stderr } = await run("src/large.js");
  assert.equal(code, 0, stderr);
  assert.equal(stderr.match(/FlameletWarning/g)?.length, 1, stderr);
  assert.match(
    stderr,
    /the closure at src\/large\.js:2 takes 2\.5 MB along with every call, in "big" \(2\.0 MB\), "bytes" \(0\.5 MB\)\. Capture only/,
  );
});

test("a variable that is not set yet rejects the call, by its name", async () => {
  await write(
    "src/early.js",
    `import { flame } from "flamelet"; ${POOL}
async function f() {
  const early = flame.call(pool, () => late);
  await early.catch((error) => console.log(error.name, error.message, error.stack.includes("src/early.js:3:")));
  const late = 1;
  return late;
}
await f();
`,
  );
  assert.equal(await output("src/early.js"), "ReferenceError Cannot access 'late' before initialization true");
});

test("JavaScript that was built shows the places of its TypeScript", async () => {
  const original = `import { flame } from "flamelet";
${POOL}
const fails = (name) => flame.call(pool, () => {
  throw new Error(name);
});
await fails("x").catch((error) => console.log(error.stack));
`;
  const built = new MagicString(original, { filename: "../lib/built.ts" }).prepend("// built\n\n");
  const map = built.generateMap({ file: "built.js", source: "../lib/built.ts", hires: true });
  await write("lib/built.ts", original);
  await write("out/built.js", `${built.toString()}//# sourceMappingURL=built.js.map\n`);
  await write("out/built.js.map", map.toString());
  const [, frame] = (await output("out/built.js")).split("\n");
  assert.ok(frame?.endsWith(`${join(root, "lib/built.ts")}:4:9)`), frame);
});

test("a module with a syntax error is reported by Node, as ever", async () => {
  await write("src/broken.js", `import { flame } from "flamelet";\nflame.call(pool, () => {);\n`);
  const { code, stderr } = await run("src/broken.js");
  assert.equal(code, 1);
  assert.match(stderr, /broken\.js:2\n[^]*SyntaxError/);
});
