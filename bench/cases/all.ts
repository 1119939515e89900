import type { Case } from "../harness/case.ts";

/** All cases by their names, in the order in which they are run and shown. */
export const cases: Readonly<Record<string, () => Promise<Case>>> = {
  "warm-call": async () => (await import("./warm-call.ts")).warmCall,
};
