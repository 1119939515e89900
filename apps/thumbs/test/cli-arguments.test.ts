import assert from "node:assert/strict";
import { test } from "node:test";
import { readArguments, UsageError } from "../src/cli/arguments.ts";
import { progressLine } from "../src/cli/progress-bar.ts";

test("arguments are read", () => {
  assert.deepEqual(readArguments(["a.mp4"]), { video: "a.mp4", every: 5, out: null });
  assert.deepEqual(readArguments(["--every", "0.5", "a.mp4", "--out", "dir"]), {
    video: "a.mp4",
    every: 0.5,
    out: "dir",
  });
  assert.equal(readArguments(["--help"]), null);
  assert.equal(readArguments(["a.mp4", "-h"]), null);
});

test("wrong ones are explained", () => {
  const wrong: [string[], RegExp][] = [
    [[], /Which video/],
    [["a.mp4", "b.mp4"], /One video at a time/],
    [["a.mp4", "--every", "0"], /--every must be/],
    [["a.mp4", "--every", "often"], /it is "often"/],
    [["a.mp4", "--evry", "5"], /--evry/],
  ];
  for (const [args, message] of wrong) {
    assert.throws(
      () => readArguments(args),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  }
});

test("the progress line tells how far it is", () => {
  const progress = { phase: "generating", bytes: 25, total: 100, runner: "ffmpeg-1" } as const;
  assert.equal(progressLine(progress, 1), "[######------------------]   25 %  1 thumbnail  working on ffmpeg-1");
  assert.match(
    progressLine({ ...progress, bytes: 0, runner: null, phase: "queued" }, 0),
    /^\[-{24}\]\s+0 %.*waiting for a runner$/,
  );
});
