import { createHash } from "node:crypto";
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { ownManifest } from "./own-files.ts";

/** What a hello has room for; a longer id goes by its hash. */
const LONGEST = 200;

/**
 * Tells whether two processes run the same code: `FLAME_BUILD_ID` where it is set, else the image that Fly runs
 * (`FLY_IMAGE_REF`), else the app's name and version with flamelet's.
 */
export function buildId(): string {
  const given = process.env["FLAME_BUILD_ID"] || process.env["FLY_IMAGE_REF"];
  const id = given || `${nameOf(appPackage())}+${nameOf(ownPackage())}`;
  return Buffer.byteLength(id) <= LONGEST ? id : `sha256:${createHash("sha256").update(id).digest("hex")}`;
}

interface Package {
  readonly name?: unknown;
  readonly version?: unknown;
}

function nameOf(found: Package): string {
  const text = (value: unknown, otherwise: string): string => (typeof value === "string" ? value : otherwise);
  return `${text(found.name, "app")}@${text(found.version, "0.0.0")}`;
}

/** The package of the entry module; of the working directory where the entry is some tool's, or there is none. */
function appPackage(): Package {
  const entry = entryPath();
  const isApp = entry !== null && !entry.includes(`${sep}node_modules${sep}`);
  for (let directory = isApp ? dirname(entry) : process.cwd(); ; directory = dirname(directory)) {
    const found = read(join(directory, "package.json"));
    // A nearer one may only say `"type": "module"`.
    if (found?.name !== undefined) return found;
    if (directory === dirname(directory)) return {};
  }
}

function entryPath(): string | null {
  try {
    return process.argv[1] === undefined ? null : realpathSync(process.argv[1]);
  } catch {
    return null;
  }
}

function ownPackage(): Package {
  return read(ownManifest) ?? {};
}

function read(file: string | URL): Package | null {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Package;
  } catch {
    return null;
  }
}
