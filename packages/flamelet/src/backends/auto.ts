import { createRequire } from "node:module";
import { join } from "node:path";
import { BootError } from "../errors.ts";
import type { Backend } from "./backend.ts";
import { processBackend } from "./process.ts";

const FLY = "@flamelet/fly";

/**
 * The backend that fits where the app runs: machines on Fly, else processes of this host. The one for Fly comes in a package
 * of its own. That it is not installed, or lacks its token, is a `BootError` of the first boot, since a pool may never need
 * one: the app's migrations and consoles make the same pools.
 */
export function autoBackend(): Backend {
  if (!process.env["FLY_APP_NAME"]) return processBackend();
  try {
    return flyPackage().fly();
  } catch (error) {
    return unusable(error as Error);
  }
}

interface FlyPackage {
  fly(): Backend;
}

/** Loaded at once, which Node, Bun and Deno can for modules without top-level await: a pool is usable when it is made. */
function flyPackage(): FlyPackage {
  // It is the app's dependency, not ours.
  for (const from of [process.argv[1] ?? join(process.cwd(), "app.js"), import.meta.url]) {
    const require = createRequire(from);
    try {
      require.resolve(FLY);
    } catch {
      continue;
    }
    return require(FLY) as FlyPackage;
  }
  throw new Error(
    `this app runs on Fly (FLY_APP_NAME is set), and the package ${FLY} is not installed: npm install ${FLY}, ` +
      "or say which backend to use, such as flame.backend.process()",
  );
}

function unusable(cause: Error): Backend {
  const refuse = (): Promise<never> => Promise.reject(new BootError(cause.message, { failure: "config", cause }));
  return {
    name: "fly",
    network: { kind: "unix" },
    provision: refuse,
    destroy: () => Promise.resolve(),
    list: () => Promise.resolve([]),
  };
}
