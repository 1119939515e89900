import type { Socket } from "node:net";
import type { Readable } from "node:stream";
import { StringDecoder } from "node:string_decoder";

/** A line longer than this, in characters, is passed on in pieces, since it may never end. */
const LONGEST_LINE = 16 * 1024;

/**
 * Calls `line` with each line of `stream`, and with the rest when it ends. Resolves then. The stream, if it is a pipe, does
 * not keep the process alive.
 */
export function relayLines(stream: Readable | null, line: (text: string) => void): Promise<void> {
  if (stream === null) return Promise.resolve();
  (stream as Partial<Socket>).unref?.();
  const decoder = new StringDecoder("utf8");
  let rest = "";
  const add = (text: string): void => {
    const lines = (rest + text).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const each of lines) line(each);
    for (; rest.length > LONGEST_LINE; rest = rest.slice(LONGEST_LINE)) line(rest.slice(0, LONGEST_LINE));
  };
  stream.on("data", (bytes: Buffer) => add(decoder.write(bytes)));
  return new Promise((resolve) => {
    stream.once("error", () => {});
    stream.once("close", () => {
      add(decoder.end());
      if (rest !== "") line(rest);
      resolve();
    });
  });
}
