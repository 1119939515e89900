import { isOwnFrame } from "./own-files.ts";

const FRAME = /^( {4}at (?:async )?)(.*)$/gm;

/**
 * Marks the frames of an error that arose on a runner, since the paths in them look like those of this process:
 *
 *     TypeError: no such file
 *         at [runner ffmpeg-1-x7] probe (/app/src/probe.ts:7:11)
 *
 * They keep the shape that tools expect of a frame. What comes after the last frame of the app says nothing and is left out.
 */
export function markRemoteFrames(error: Error, runner: string): void {
  const { stack, message } = error;
  const property = Object.getOwnPropertyDescriptor(error, "stack");
  if (typeof stack !== "string" || property?.configurable !== true) return;
  // A message may have lines that look like frames.
  const start = stack.indexOf(message) + message.length;
  const frames = ofTheApp(stack.slice(start)).replace(FRAME, (_, at: string, what: string) => {
    const frame = what.endsWith(")") ? what : `<anonymous> (${what})`;
    return `${at}[runner ${runner}] ${frame}`;
  });
  Object.defineProperty(error, "stack", {
    value: stack.slice(0, start) + frames,
    writable: true,
    configurable: true,
    enumerable: property.enumerable === true,
  });
}

/** The lines up to the last frame that is neither flamelet's nor Node's; all of them, where there is no such frame. */
function ofTheApp(frames: string): string {
  const lines = frames.split("\n");
  const last = lines.findLastIndex(
    (line) => line.startsWith("    at ") && !isOwnFrame(line) && !line.includes("node:"),
  );
  return last < 0 ? frames : lines.slice(0, last + 1).join("\n");
}
