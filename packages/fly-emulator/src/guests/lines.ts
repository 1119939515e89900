import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** A longer line is told in pieces, so that a process that never ends one cannot fill the memory. */
const LONGEST = 64 * 1024;

/** Calls `tell` for each line of a stream of text, the last one also without an end. */
export function eachLine(stream: Readable, tell: (line: string) => void): void {
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const take = (text: string): void => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const line of lines) tell(shortened(line));
    rest = shortened(rest);
  };
  /** The end of a line that is not too long; what comes before is told. */
  const shortened = (line: string): string => {
    let at = 0;
    for (; line.length - at > LONGEST; at += LONGEST) tell(line.slice(at, at + LONGEST));
    return line.slice(at);
  };
  stream.on("data", (chunk: Buffer) => take(decoder.write(chunk)));
  stream.once("end", () => {
    take(decoder.end());
    if (rest !== "") tell(rest);
  });
  stream.on("error", () => {});
}
