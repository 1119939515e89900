import { constants } from "node:os";
import { badRequest } from "./refusal.ts";

/** The signal with that name or number. */
export function signalNamed(value: unknown): NodeJS.Signals {
  const names = Object.keys(constants.signals) as NodeJS.Signals[];
  const name = names.find((candidate) => candidate === value || constants.signals[candidate] === Number(value));
  if (name === undefined) throw badRequest(`invalid signal: ${JSON.stringify(value)}`);
  return name;
}

/** Its number. */
export function signalNumber(name: NodeJS.Signals): number {
  return constants.signals[name];
}
