import { resolve } from "node:path";

/** Everything about this app that its environment decides. */
export interface Config {
  readonly host: string;
  readonly port: number;
  /** An own Postgres, or null for the embedded one. */
  readonly databaseUrl: string | null;
  /** Folder of the thumbnails, if they are kept in one, and of the embedded database. */
  readonly storeDir: string;
  /** Where thumbnails are kept. A folder is of use only where all copies of the app share a disk. */
  readonly store: "folder" | "database";
  readonly maxUploadBytes: number;
  readonly maxVideoSeconds: number;
  /** Width of each thumbnail, in pixels. */
  readonly thumbnailWidth: number;
  readonly maxRunners: number;
  /** How long a runner without work is kept, in ms. */
  readonly runnerIdleMs: number;
}

/** A variable of the environment has a value that it cannot have. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

const MIB = 1024 * 1024;

/** Reads and checks the environment. `defaultStoreDir` is used when `STORE_DIR` is not set. */
export function readConfig(env: NodeJS.ProcessEnv, defaultStoreDir: string): Config {
  return {
    host: env["HOST"] || "127.0.0.1",
    port: whole(env, "PORT", 3000, 0, 65_535),
    databaseUrl: databaseUrl(env),
    storeDir: resolve(env["STORE_DIR"] || defaultStoreDir),
    store: store(env),
    maxUploadBytes: whole(env, "MAX_UPLOAD_MIB", 500, 1, 1024 * 1024) * MIB,
    maxVideoSeconds: whole(env, "MAX_VIDEO_SECONDS", 4 * 60 * 60, 1, 7 * 24 * 60 * 60),
    thumbnailWidth: whole(env, "THUMBNAIL_WIDTH", 320, 16, 3840),
    maxRunners: whole(env, "MAX_RUNNERS", 4, 1, 1000),
    runnerIdleMs: whole(env, "RUNNER_IDLE_MS", 10_000, 1, 24 * 60 * 60 * 1000),
  };
}

function whole(env: NodeJS.ProcessEnv, name: string, fallback: number, min: number, max: number): number {
  const text = env[name];
  if (text === undefined || text === "") return fallback;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= min && value <= max)) {
    throw new ConfigError(`${name} must be a whole number from ${min} to ${max}, but it is "${text}"`);
  }
  return value;
}

function store(env: NodeJS.ProcessEnv): Config["store"] {
  const value = env["STORE"] || "folder";
  if (value === "folder" || value === "database") return value;
  throw new ConfigError(`STORE must be folder or database, but it is "${value}"`);
}

function databaseUrl(env: NodeJS.ProcessEnv): string | null {
  const text = env["DATABASE_URL"];
  if (text === undefined || text === "") return null;
  // The value is not repeated in the message: it usually holds a password.
  if (!/^postgres(ql)?:\/\//.test(text)) throw new ConfigError("DATABASE_URL must begin with postgres://");
  return text;
}
