import { cacheOrder, invalid, toInstruction } from "./fields.ts";
import type { ReplayInstruction } from "./instruction.ts";

/** The headers of an answer that concern a replay. */
export interface ReplayHeaders {
  readonly "fly-replay"?: string | undefined;
  readonly "fly-replay-cache"?: string | undefined;
  readonly "fly-replay-cache-ttl-secs"?: string | undefined;
  readonly "fly-replay-cache-allow-bypass"?: string | undefined;
}

/**
 * Reads `fly-replay: region="sjc,any";app=target` and the headers beside it. Null when the answer asks for no replay.
 * https://fly.io/docs/networking/dynamic-request-routing/#replay-header-format
 *
 * @throws {InvalidReplayError} for what Fly Proxy logs as PA03.
 */
export function parseHeaderForm(headers: ReplayHeaders): ReplayInstruction | null {
  const text = headers["fly-replay"];
  if (text === undefined) return null;
  const instruction = toInstruction(splitFields(text));
  const pattern = headers["fly-replay-cache"]?.trim();
  if (pattern === undefined) return instruction;
  if (pattern === "invalidate") return { ...instruction, cache: "invalidate" };
  const bypass = headers["fly-replay-cache-allow-bypass"]?.trim().toLowerCase() === "yes";
  return { ...instruction, cache: cacheOrder(instruction, pattern, headers["fly-replay-cache-ttl-secs"], bypass) };
}

/** `k=v;k="v,v"`: fields apart by `;`, which a quoted value may contain. */
function splitFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  let rest = text.trim();
  while (rest !== "") {
    const match = /^([a-z_]+)\s*=\s*(?:"([^"]*)"|([^;"]*?))\s*(?:;\s*|$)/i.exec(rest);
    if (match === null) throw invalid(`cannot read ${JSON.stringify(rest)}: expected name=value;name="a,b"`);
    const [whole, name, quoted, bare] = match;
    const key = (name as string).toLowerCase();
    // The state is the app's own text; a comma elsewhere means a list, which Fly wants quoted.
    if (key !== "state" && bare?.includes(",")) throw invalid(`a list must be quoted: ${key}="${bare}"`);
    if (fields.has(key)) throw invalid(`${key} is given twice`);
    fields.set(key, quoted ?? bare ?? "");
    rest = rest.slice(whole.length);
  }
  return fields;
}
