import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { decodeParentEnv, type ParentEnv, type RunnerParent } from "./parent-env.ts";

/**
 * What a copy is told, in the environment variable `FLAME_STANDBY`, that is started before anybody needs it, to be suspended
 * once its app is loaded: it will be told its parent when it is resumed.
 */
export interface StandbyEnv {
  /** The module that knows how, such as `@flamelet/fly/claim`. It exports a `Claim` named `claim`. */
  readonly claim: string;
  readonly pool: string;
  readonly backend: string;
  readonly buildId: string;
}

/** Says that the copy may be suspended once `loaded` resolves, and resolves with what would have been its `FLAME_PARENT`. */
export type Claim = (loaded: Promise<void>) => Promise<string>;

/** Reads `FLAME_STANDBY`. Throws an `Error` that names what is wrong. */
export function decodeStandbyEnv(value: string): StandbyEnv {
  const env = JSON.parse(value) as Partial<Record<keyof StandbyEnv, unknown>>;
  for (const field of ["claim", "pool", "backend", "buildId"] as const)
    if (typeof env[field] !== "string" || env[field] === "") throw new Error(`its field "${field}" is missing`);
  return env as unknown as StandbyEnv;
}

/** What such a copy can say of its parent before it has one. */
export function parentToCome({ pool, backend, buildId }: StandbyEnv): RunnerParent {
  return { pool, backend, buildId, runnerId: "", depth: 1, epoch: 0 };
}

/** Waits until somebody claims this copy. */
export async function claimed(env: StandbyEnv, loaded: Promise<void>): Promise<ParentEnv> {
  // It is the app's dependency, not ours.
  const { resolve } = createRequire(process.argv[1] ?? join(process.cwd(), "app.js"));
  const { claim } = (await import(pathToFileURL(resolve(env.claim)).href)) as { claim: Claim };
  return decodeParentEnv(await claim(loaded));
}
