import assert from "node:assert/strict";
import { test } from "node:test";
import { FfmpegLog } from "../src/media/ffmpeg-log.ts";

const OLD = "[Parsed_showinfo_3 @ 0x5d22e80] n:   1 pts:  30720 pts_time:2       pos:   653792 fmt:rgb24 sar:1/1\n";
const NEW =
  "[Parsed_showinfo_3 @ 0x7f10] n:   2 pts: 102502 pts_time:8.00797 duration:   512 duration_time:0.04 fmt:rgb24\n";

test("frames have their times, wherever the text is cut", () => {
  for (let cut = 0; cut <= OLD.length; cut++) {
    const log = new FfmpegLog();
    log.push(OLD.slice(0, cut));
    log.push(OLD.slice(cut) + NEW);
    assert.equal(log.times[1], 2);
    assert.equal(log.times[2], 8.00797);
  }
});

test("the duration is read when there is one", () => {
  const log = new FfmpegLog();
  log.push("  Duration: N/A, start: 0.000000, bitrate: N/A\n");
  assert.equal(log.duration, null);
  log.push("  Duration: 01:02:03.50, start: 0.000000, bitrate: N/A\n");
  assert.equal(log.duration, 3723.5);
});

test("the last complaint is told, without what only ffmpeg's authors care for", () => {
  const log = new FfmpegLog();
  log.push("Input #0, matroska,webm, from 'pipe:0':\n  Metadata:\n");
  log.push("[matroska,webm @ 0x55d0] EBML header parsing failed\npipe:0: Invalid data found when processing input\n");
  assert.equal(log.explain(), "ffmpeg could not read this video: Invalid data found when processing input");
});

test("what happens often has words of its own", () => {
  const sound = new FfmpegLog();
  sound.push("Stream map '0:v:0' matches no streams.\nTo ignore this, add a trailing '?' to the map.\n");
  assert.match(sound.explain(), /no picture in this file/);
  const cut = new FfmpegLog();
  cut.push("[mov,mp4,m4a,3gp,3g2,mj2 @ 0x1] moov atom not found\n/dev/fd/3: Invalid data found\n");
  assert.match(cut.explain(), /its index is missing/);
  assert.match(new FfmpegLog().explain(), /did not say why/);
});
