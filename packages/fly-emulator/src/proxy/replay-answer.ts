import type { Answer } from "./delivery.ts";
import { text } from "./headers.ts";
import { parseHeaderForm } from "./replay/header-form.ts";
import { InvalidReplayError, type ReplayInstruction } from "./replay/instruction.ts";
import { parseJsonForm, REPLAY_JSON } from "./replay/json-form.ts";
import { Trouble } from "./trouble.ts";

/** No instruction is as long as this. */
const LONGEST_JSON = 64 * 1024;

/**
 * What a machine's answer asks the proxy to do instead of passing it on, or null when it is an answer.
 *
 * @throws {Trouble} PA03 when it asks in a way that cannot be understood.
 */
export async function readReplay({ response, tunnel }: Answer): Promise<ReplayInstruction | null> {
  // Who has completed an upgrade has answered.
  if (tunnel !== undefined) return null;
  const { headers } = response;
  try {
    if (headers["content-type"]?.split(";", 1)[0]?.trim().toLowerCase() === REPLAY_JSON) {
      return parseJsonForm(await readAll(response));
    }
    return parseHeaderForm({
      "fly-replay": text(headers["fly-replay"]),
      "fly-replay-cache": text(headers["fly-replay-cache"]),
      "fly-replay-cache-ttl-secs": text(headers["fly-replay-cache-ttl-secs"]),
      "fly-replay-cache-allow-bypass": text(headers["fly-replay-cache-allow-bypass"]),
    });
  } catch (error) {
    if (error instanceof InvalidReplayError)
      throw new Trouble("PA03", error.message.replace(/^invalid fly-replay: /, ""));
    throw error;
  }
}

async function readAll(response: Answer["response"]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > LONGEST_JSON) throw new InvalidReplayError(`invalid fly-replay: over ${LONGEST_JSON} bytes of JSON`);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof InvalidReplayError) throw error;
    throw new Trouble("PU02", (error as Error).message);
  }
  return Buffer.concat(chunks).toString("utf8");
}
