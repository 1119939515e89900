import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { UsageError } from "./usage.ts";

/** Where an emulator can be reached. */
export interface Running {
  readonly url: string;
  readonly token: string;
}

/** In the home folder, which only its owner can write to: who holds the token can run any command. */
const FILE = join(homedir(), ".flamelet-fly.json");

/** Lets the other commands find this emulator, until the returned function is called. */
export function announce(running: Running): () => void {
  const text = `${JSON.stringify(running)}\n`;
  try {
    writeFileSync(FILE, text, { mode: 0o600 });
  } catch (error) {
    process.stderr.write(`flamelet-fly: other commands need --url and --token: ${(error as Error).message}\n`);
    return () => {};
  }
  return () => {
    try {
      // Another emulator may have been started since.
      if (readFileSync(FILE, "utf8") === text) rmSync(FILE);
    } catch {
      // It is gone already.
    }
  };
}

/** The emulator to speak to: what the options say, else the environment, else the one that was started last. */
export function findRunning(options: { url?: string | undefined; token?: string | undefined }): Running {
  let last: Partial<Running> = {};
  try {
    last = JSON.parse(readFileSync(FILE, "utf8")) as Running;
  } catch {
    // None was started.
  }
  const given = options.url ?? process.env["FLAMELET_FLY_URL"];
  const url = given ?? last.url;
  const token =
    options.token ??
    process.env["FLY_API_TOKEN"] ??
    (given === undefined || given === last.url ? last.token : undefined);
  if (url === undefined)
    throw new UsageError("no emulator is running here: start one with `flamelet-fly up`, or give --url");
  if (token === undefined) throw new UsageError(`give the token of the emulator at ${url} with --token`);
  return { url: url.replace(/\/$/, ""), token };
}

/** Calls what lies below `/_emulator`. Throws a `UsageError` with what the emulator says where it refuses. */
export async function ask({ url, token }: Running, method: string, path: string, body?: unknown): Promise<Response> {
  const headers: Record<string, string> = { authorization: `Bearer ${token}` };
  if (body !== undefined) headers["content-type"] = "application/json";
  let response: Response;
  try {
    response = await fetch(`${url}/_emulator${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    const { cause } = error as Error;
    throw new UsageError(`no emulator answers at ${url}: ${cause instanceof Error ? cause.message : String(error)}`);
  }
  if (response.ok) return response;
  const text = await response.text();
  let said = text;
  try {
    said = (JSON.parse(text) as { error?: string }).error ?? text;
  } catch {
    // It was not JSON.
  }
  throw new UsageError(said);
}
