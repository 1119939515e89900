import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ffmpegPath } from "../../src/media/ffmpeg.ts";

const run = promisify(execFile);

export interface VideoOptions {
  /** Default 6. */
  readonly seconds?: number;
  /** Where the index of an mp4 or mov stands. Default "start". */
  readonly index?: "start" | "end";
  /** Bytes per second of video, roughly: what cannot be compressed makes a file that takes long to send. */
  readonly noisy?: boolean;
}

/** Makes a real video; the extension of `path` chooses its container. */
export async function makeVideo(
  path: string,
  { seconds = 6, index = "start", noisy = false }: VideoOptions = {},
): Promise<void> {
  const webm = path.endsWith(".webm");
  const codec = webm
    ? ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8"]
    : ["-c:v", "libx264", "-preset", "ultrafast"];
  const source = `testsrc=s=160x120:r=25:d=${seconds}${noisy ? ",noise=alls=80:allf=t" : ""}`;
  await run(
    ffmpegPath(),
    [
      ["-loglevel", "error", "-y", "-f", "lavfi", "-i", source],
      ["-f", "lavfi", "-i", `sine=d=${seconds}`, "-shortest"],
      codec,
      ["-pix_fmt", "yuv420p", "-g", "25", "-c:a", webm ? "libvorbis" : "aac"],
      /\.(mp4|mov)$/.test(path) && index === "start" ? ["-movflags", "+faststart"] : [],
      path,
    ].flat(),
  );
}

/** A file of a video container that holds no picture. */
export async function makeSound(path: string): Promise<void> {
  await run(ffmpegPath(), [
    "-loglevel",
    "error",
    "-y",
    "-f",
    "lavfi",
    "-i",
    "sine=d=1",
    "-c:a",
    "aac",
    "-movflags",
    "+faststart",
    path,
  ]);
}
