import { realpathSync } from "node:fs";
import { BootError } from "../errors.ts";
import { ownModule } from "../own-files.ts";
import { inheritedByDeno, isDeno } from "./process-deno.ts";
import { isNextStart, withFreePort } from "./process-next.ts";
import type { ProcessOptions } from "./process.ts";

/** The options of the process backend, once checked. */
export interface CommandOptions extends Omit<ProcessOptions, "entry"> {
  readonly entry: string | null;
}

/** What to start, and with what. */
export interface CommandLine {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Whether what is started is what this process was started with, so that its package is the same. */
  readonly again: boolean;
}

/** The command line of one more copy of the app. Throws a `BootError` when this process is nothing to start again. */
export function commandLine(options: CommandOptions): CommandLine {
  const [, script, ...args] = process.argv;
  const why = options.entry === null ? whyNotAgain() : null;
  if (why !== null) throw notAgain(why);
  const entry = options.entry ?? script ?? "";
  const own = isNextStart(toolOf(script), args) ? withFreePort(args) : args;
  const appArgs = options.args ?? (options.entry === null ? own : []);
  const env = { ...process.env, ...options.env };
  // What a test runner or a forking parent tells its own children is not for ours.
  for (const name of ["NODE_TEST_CONTEXT", "NODE_TEST_WORKER_ID", "NODE_CHANNEL_FD", "NODE_UNIQUE_ID"])
    delete env[name];
  return {
    file: process.execPath,
    // The preload first of all: its watchdog then watches over everything else.
    args: [...preloading(), ...(options.execArgv ?? (isDeno ? inheritedByDeno() : inherited())), entry, ...appArgs],
    cwd: options.cwd ?? process.cwd(),
    env,
    again: options.entry === null,
  };
}

/** What has a runtime load the module that makes its process a runner. */
function preloading(): string[] {
  if (isDeno) return ["run", "--preload", preloadUrl()];
  return [process.versions["bun"] === undefined ? "--import" : "--preload", preloadUrl()];
}

function preloadUrl(): string {
  return ownModule("child/preload").href;
}

/** Options of Node and Bun that belong to one process: debuggers and profilers' ports, watchers, test runners, code to evaluate. */
const OWN =
  /^(--(test|watch|hot|inspect|experimental-test)(-|=|$)|--debug-port|--(eval|print|interactive|check|run|input-type)(=|$)|-(e|p|pe|i|c)$)/;

/** Options that decide which modules are loaded, and how. */
const LOADING =
  /^(--(import|preload|require|conditions|loader|experimental-loader|enable-source-maps|env-file)(=|$)|-[rC]$)/;

/**
 * The options of this process that a copy is to have as well.
 *
 * @param tested Whether Node's test runner started this process: then it was given every option there is, with its default.
 */
export function inherited(
  execArgv: readonly string[] = process.execArgv,
  tested: boolean = process.env["NODE_TEST_CONTEXT"] !== undefined,
): string[] {
  const kept: string[] = [];
  for (let at = 0; at < execArgv.length; at++) {
    const option = execArgv[at] ?? "";
    const value = execArgv[at + 1];
    // All that does not look like an option is the value of the one before it.
    const hasValue = value !== undefined && !value.startsWith("-");
    const isPreload = /^--(import|preload)$/.test(option) && value === preloadUrl();
    const wanted = !OWN.test(option) && (!tested || LOADING.test(option));
    if (wanted && !isPreload) kept.push(option, ...(hasValue ? [value] : []));
    if (hasValue) at += 1;
  }
  return kept;
}

/** Tools that run the app's modules inside themselves. Starting one of them again would not start the app. */
const TOOLS =
  /[\\/]node_modules[\\/](vitest|vite|vite-node|jest|jest-cli|mocha|ava|tap|@tapjs|@playwright|playwright|cypress|next|nuxt|nuxi|astro|webpack|webpack-cli|webpack-dev-server|@rspack|@rsbuild|rollup|parcel|esbuild|wrangler|storybook)[\\/](?!.*[\\/]node_modules[\\/])/;

function toolOf(script: string | undefined): string | undefined {
  return script === undefined ? undefined : TOOLS.exec(realPath(script))?.[1];
}

function whyNotAgain(): string | null {
  const { argv, execArgv, env } = process;
  const script = argv[1];
  if (env["NODE_TEST_CONTEXT"] !== undefined || execArgv.some((option) => /^--test(=|$)/.test(option)))
    return "runs tests (node --test)";
  if (env["VITEST"] !== undefined) return "runs tests (Vitest)";
  if (env["JEST_WORKER_ID"] !== undefined) return "runs tests (Jest)";
  if (execArgv.some((option) => /^(-e|-p|-pe|--eval|--print)(=|$)/.test(option)))
    return "runs code from its command line";
  if (script === undefined || script === "-") return "has no entry module (it is a REPL, or reads its code from stdin)";
  const tool = toolOf(script);
  if (isNextStart(tool, argv.slice(2))) return null;
  if (tool !== undefined) return `runs ${tool}, which loads the app inside itself`;
  if (/\.(test|spec)\.[cm]?[jt]sx?$/.test(realPath(script))) return `runs a test file (${script})`;
  return null;
}

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function notAgain(why: string): BootError {
  return new BootError(
    `the process backend cannot start a copy of this process, since it ${why}. Say which module is the app: ` +
      'flame.backend.process({ entry: new URL("./app.ts", import.meta.url) }), or use flame.backend.inline() in unit tests',
    { failure: "config" },
  );
}
