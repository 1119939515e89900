import assert from "node:assert/strict";
import { test } from "node:test";
import { ConfigError, readConfig } from "../src/read-config.ts";

test("everything has a default", () => {
  const config = readConfig({}, "/data");
  assert.deepEqual(config, {
    host: "127.0.0.1",
    port: 3000,
    databaseUrl: null,
    storeDir: "/data",
    store: "folder",
    maxUploadBytes: 500 * 1024 * 1024,
    maxVideoSeconds: 4 * 60 * 60,
    thumbnailWidth: 320,
    maxRunners: 4,
    runnerIdleMs: 10_000,
  });
});

test("everything can be set", () => {
  const env = {
    HOST: "0.0.0.0",
    PORT: "0",
    DATABASE_URL: "postgres://db/thumbs",
    STORE_DIR: "/var/thumbs",
    STORE: "database",
    MAX_UPLOAD_MIB: "2",
    MAX_VIDEO_SECONDS: "60",
    THUMBNAIL_WIDTH: "100",
    MAX_RUNNERS: "9",
    RUNNER_IDLE_MS: "500",
  };
  assert.deepEqual(Object.values(readConfig(env, "/data")), [
    "0.0.0.0",
    0,
    "postgres://db/thumbs",
    "/var/thumbs",
    "database",
    2 * 1024 * 1024,
    60,
    100,
    9,
    500,
  ]);
});

test("a wrong value is named, with what it must be", () => {
  const wrong: Record<string, string>[] = [
    { PORT: "eighty" },
    { PORT: "65536" },
    { PORT: "-1" },
    { MAX_RUNNERS: "0" },
    { MAX_UPLOAD_MIB: "1.5" },
    { THUMBNAIL_WIDTH: "4" },
  ];
  for (const env of wrong) {
    const [name, value] = Object.entries(env)[0]!;
    assert.throws(
      () => readConfig(env, "/data"),
      (error) =>
        error instanceof ConfigError && error.message.startsWith(`${name} must be`) && error.message.includes(value),
    );
  }
});

test("a wrong database address is not repeated, as it holds a password", () => {
  assert.throws(
    () => readConfig({ DATABASE_URL: "mysql://root:hunter2@db" }, "/data"),
    (error) => error instanceof ConfigError && !error.message.includes("hunter2"),
  );
});
