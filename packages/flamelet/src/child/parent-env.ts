/** What a parent tells a runner before it starts, in the environment variable `FLAME_PARENT`. */
export interface ParentEnv {
  /** Where the parent listens: a socket file, or a host and port. */
  readonly address: { readonly path: string } | { readonly host: string; readonly port: number };
  /** What the parent is known by when the session is encrypted: base64url of the DER of its certificate. Left out when not. */
  readonly certificate?: string | undefined;
  readonly runnerId: string;
  /** Which boot of this runner: frames of an older one are refused. */
  readonly epoch: number;
  /** 256 bits, base64url. Known to this parent and this runner alone. */
  readonly secret: string;
  readonly buildId: string;
  readonly pool: string;
  readonly backend: string;
  /** How long this runner may live without hearing from its parent, in ms. */
  readonly lease: number;
  /** How many runners stand between this one and a parent that is none. 1 for a runner of the app itself. */
  readonly depth: number;
  /** Whether the runner leads a process group of its own, which then dies with it. */
  readonly ownsGroup: boolean;
}

/** The exit code of a runner that lost its parent: `EX_TEMPFAIL`. It says nothing against the app, so another may be booted. */
export const ORPHANED = 75;
/** The exit code of a runner that its parent refused: `EX_PROTOCOL`. The parent knows why. */
export const REFUSED = 76;

/** What a runner's own code may know of its parent. In a standby copy, `runnerId` is empty until a parent takes it. */
export type RunnerParent = Pick<ParentEnv, "pool" | "runnerId" | "backend" | "buildId" | "depth" | "epoch">;

/** Leaves out what is nobody's business, the secret above all. */
export function publicView(env: ParentEnv): RunnerParent {
  const { pool, runnerId, backend, buildId, depth, epoch } = env;
  return Object.freeze({ pool, runnerId, backend, buildId, depth, epoch });
}

/** The value of `FLAME_PARENT`: base64url, so that it survives any shell, unit file or provider's API. */
export function encodeParentEnv(env: ParentEnv): string {
  return Buffer.from(JSON.stringify(env)).toString("base64url");
}

/** Reads `FLAME_PARENT`. Throws an `Error` that names the field which is wrong, and never a value: one is the secret. */
export function decodeParentEnv(value: string): ParentEnv {
  const env = parse(value);
  const check = (ok: boolean, field: keyof ParentEnv): void => {
    if (!ok) throw new Error(`its field "${field}" is missing or has a value that it cannot have`);
  };
  for (const field of ["runnerId", "buildId", "pool", "backend"] as const)
    check(typeof env[field] === "string" && env[field] !== "", field);
  check(typeof env.secret === "string" && Buffer.from(env.secret, "base64url").length === 32, "secret");
  check(isAddress(env.address), "address");
  check(env.certificate === undefined || isBase64url(env.certificate), "certificate");
  check(isCount(env.epoch) && env.epoch < 2 ** 32, "epoch");
  check(isCount(env.depth), "depth");
  check(typeof env.lease === "number" && env.lease > 0, "lease");
  check(typeof env.ownsGroup === "boolean", "ownsGroup");
  return env as ParentEnv;
}

function parse(value: string): Partial<Record<keyof ParentEnv, unknown>> {
  try {
    const env: unknown = JSON.parse(Buffer.from(value, "base64url").toString());
    if (typeof env === "object" && env !== null) return env;
  } catch {
    // The parser's message quotes what it read.
  }
  throw new Error("it is not what a parent writes there");
}

function isAddress(value: unknown): value is ParentEnv["address"] {
  if (typeof value !== "object" || value === null) return false;
  const { path, host, port } = value as Record<string, unknown>;
  if (typeof path === "string") return path !== "" && host === undefined;
  return typeof host === "string" && host !== "" && isCount(port) && port > 0 && port < 2 ** 16;
}

function isBase64url(value: unknown): value is string {
  return typeof value === "string" && /^[\w-]+$/.test(value);
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
