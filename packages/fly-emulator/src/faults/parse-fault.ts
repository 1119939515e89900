import { Refusal } from "../world/refusal.ts";
import { FAULT_KINDS, type FaultKind, type FaultSpec } from "./faults.ts";

const TEXTS = ["app", "region", "peer", "machine", "action"] as const;
const NUMBERS = ["times", "probability", "ms", "status"] as const;
const SCOPES = ["region", "host", "quota", "machine-limit"] as const;
const FIELDS: readonly string[] = ["kind", ...TEXTS, ...NUMBERS, "scope"];

/** Checks a fault that was asked for, and throws what is wrong with it. Numbers may come as text. */
export function parseFault(input: unknown): FaultSpec {
  if (typeof input !== "object" || input === null || Array.isArray(input)) throw wrong("a fault must be an object");
  const given = input as Record<string, unknown>;
  for (const field of Object.keys(given))
    if (!FIELDS.includes(field)) throw wrong(`a fault has no "${field}"; it has ${FIELDS.join(", ")}`);
  const { kind, scope } = given;
  if (!FAULT_KINDS.includes(kind as FaultKind))
    throw wrong(`there is no fault ${JSON.stringify(kind)}; there are ${FAULT_KINDS.join(", ")}`);
  const spec: Record<string, unknown> = { kind };
  for (const field of TEXTS) {
    const value = given[field];
    if (value === undefined) continue;
    if (typeof value !== "string" || value === "")
      throw wrong(`${field} of a fault must be a text, and is ${JSON.stringify(value)}`);
    spec[field] = value;
  }
  for (const field of NUMBERS) {
    if (given[field] === undefined) continue;
    const value = Number(given[field]);
    if (!Number.isFinite(value) || value < 0)
      throw wrong(`${field} of a fault must be a number, and is ${JSON.stringify(given[field])}`);
    spec[field] = value;
  }
  if (spec["times"] !== undefined && !(Number.isInteger(spec["times"]) && (spec["times"] as number) > 0))
    throw wrong(`times of a fault must be a whole number above 0, and is ${String(spec["times"])}`);
  if (spec["probability"] !== undefined && (spec["probability"] as number) > 1)
    throw wrong(`probability of a fault must be between 0 and 1, and is ${String(spec["probability"])}`);
  if (spec["status"] !== undefined && !((spec["status"] as number) >= 400 && (spec["status"] as number) <= 599))
    throw wrong(`status of a fault must be between 400 and 599, and is ${String(spec["status"])}`);
  if (scope !== undefined && !(SCOPES as readonly unknown[]).includes(scope))
    throw wrong(`scope of a fault must be one of ${SCOPES.join(", ")}, and is ${JSON.stringify(scope)}`);
  if (kind === "network-cut" && spec["region"] === undefined)
    throw wrong("a network-cut needs a region, and may have a peer: network-cut region=ams peer=iad");
  return { ...spec, ...(scope === undefined ? {} : { scope }) } as unknown as FaultSpec;
}

/** Reads `no-capacity region=ams times=3`: the kind, then what limits it. */
export function faultFromWords([kind, ...rest]: readonly string[]): FaultSpec {
  const fields = rest.map((word) => {
    const at = word.indexOf("=");
    if (at < 1) throw wrong(`write what limits a fault as name=value, not ${JSON.stringify(word)}`);
    return [word.slice(0, at), word.slice(at + 1)];
  });
  return parseFault({ kind, ...Object.fromEntries(fields) });
}

function wrong(text: string): Refusal {
  return new Refusal(400, text);
}
