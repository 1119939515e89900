import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import { digestOf } from "./ids.ts";
import { Refusal } from "./refusal.ts";

/** What `image` registers: what a machine with that image runs. */
export interface ImageSpec {
  /** The working directory. Default: that of the emulator. */
  readonly folder?: string;
  /** Default: the `start` script of the folder's package.json, run by `sh`. */
  readonly command?: readonly string[];
  /** What a Dockerfile's `ENV` would give. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Image {
  /** Without tag and digest: `registry.fly.io/thumbs`. */
  readonly repository: string;
  readonly registry: string;
  readonly tag: string;
  readonly digest: string;
  readonly folder: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

const DEFAULT_REGISTRY = "registry-1.docker.io";

/** The images that machines can be made of. The same content has the same digest; an older digest stays usable. */
export class Images {
  readonly #byTag = new Map<string, Image>();
  readonly #byDigest = new Map<string, Image>();

  register(ref: string, spec: ImageSpec): Image {
    const { registry, repository, tag } = parseRef(ref);
    const folder = resolve(spec.folder ?? ".");
    if (!existsSync(folder)) throw new Refusal(400, `image ${ref}: there is no folder ${folder}`);
    const command = spec.command ?? startScript(ref, folder);
    if (command.length === 0) throw new Refusal(400, `image ${ref}: its command must not be empty`);
    const env = { ...spec.env };
    const digest = digestOf(JSON.stringify([folder, command, env, spec.folder === undefined ? [] : content(folder)]));
    const image = { registry, repository, tag, digest, folder, command, env };
    this.#byTag.set(`${registry}/${repository}:${tag}`, image);
    this.#byDigest.set(`${registry}/${repository}@${digest}`, image);
    return image;
  }

  list(): Image[] {
    return [...this.#byTag.values()];
  }

  /** By digest where the reference has one, else by tag. Throws what Fly answers to an image that its registry lacks. */
  find(ref: string): Image {
    const { registry, repository, tag, digest } = parseRef(ref);
    const image =
      digest === undefined
        ? this.#byTag.get(`${registry}/${repository}:${tag}`)
        : this.#byDigest.get(`${registry}/${repository}@${digest}`);
    if (image !== undefined) return image;
    const known = this.list().map(refOf).join(", ") || "none";
    throw new Refusal(
      400,
      `failed to get manifest ${ref}: MANIFEST_UNKNOWN: manifest unknown (registered with the emulator: ${known}; ` +
        "add one with `flamelet-fly image`)",
    );
  }
}

/** As a human writes it, without the digest. */
export function refOf({ registry, repository, tag }: Pick<Image, "registry" | "repository" | "tag">): string {
  return registry === DEFAULT_REGISTRY ? `${repository}:${tag}` : `${registry}/${repository}:${tag}`;
}

function parseRef(ref: string): { registry: string; repository: string; tag: string; digest?: string } {
  const match =
    /^(?:(?<registry>[^/]*[.:][^/]*|localhost)\/)?(?<repository>[^:@]+)(?::(?<tag>[^@/]+))?(?:@(?<digest>\w+:[0-9a-f]+))?$/.exec(
      ref,
    );
  const groups = match?.groups;
  if (groups?.["repository"] === undefined) throw new Refusal(400, `invalid image identifier: ${JSON.stringify(ref)}`);
  return {
    registry: groups["registry"] ?? DEFAULT_REGISTRY,
    repository: groups["repository"],
    tag: groups["tag"] ?? "latest",
    ...(groups["digest"] === undefined ? {} : { digest: groups["digest"] }),
  };
}

function startScript(ref: string, folder: string): string[] {
  let start: unknown;
  try {
    start = (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { scripts?: { start?: string } }).scripts
      ?.start;
  } catch {
    start = undefined;
  }
  if (typeof start !== "string")
    throw new Refusal(400, `image ${ref}: give its command, or a "start" script in ${join(folder, "package.json")}`);
  return ["sh", "-c", `PATH="${join(folder, "node_modules/.bin")}:$PATH"; ${start}`];
}

const IGNORED = new Set(["node_modules", ".git", ".data"]);

/** What tells one state of a folder from another: names, sizes and times of its files, dependencies left out. */
function content(folder: string, prefix = ""): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => !IGNORED.has(entry.name))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return content(path, `${prefix}${entry.name}/`);
      const stat = statSync(path, { throwIfNoEntry: false });
      return stat === undefined ? [] : [`${prefix}${entry.name} ${stat.size} ${stat.mtimeMs}`];
    });
}
