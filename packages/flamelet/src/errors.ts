/**
 * Every way in which flamelet itself can reject. The set is closed: a rejection is either the function's own error, the
 * reason of the caller's `signal`, or one of these. `docs/errors.md` has one heading per code.
 */

/**
 * What is known of the work when a call was rejected. `"not-started"`: not one line of it ran, so it is safe to run
 * again. `"unknown"`: it may have run, in part or whole.
 */
export type Outcome = "not-started" | "unknown";

/** Why a runner could not be booted. Permanent kinds fail at once; transient ones are tried again with backoff. */
export type BootFailure = "config" | "crash" | "build" | "auth" | "quota" | "capacity" | "timeout" | "transient";

/** How a machine ended, as far as its backend can tell. */
export interface ExitInfo {
  /** Exit code, or null when a signal ended it or the backend cannot know. */
  readonly code: number | null;
  /** Name of the signal that ended it (`"SIGKILL"`), or null. */
  readonly signal: string | null;
}

interface FlameErrorOptions {
  readonly cause?: unknown;
  readonly outcome?: Outcome;
  readonly retryable?: boolean;
}

/** The brand lets `static is()` recognise errors of a second copy of this package, or of another realm. */
const BRAND = Symbol.for("flamelet.error");

/** The base of all errors that flamelet itself raises. Catch the subclasses, or look at `code`, which is stable. */
export class FlameError extends Error {
  /** Stable identifier: `ERR_FLAME_` and the name in capitals. */
  readonly code: string;
  /** Whether the work may have run. */
  readonly outcome: Outcome;
  /** Whether the same call could succeed if it were made again, everything else being equal. */
  readonly retryable: boolean;
  /** Id of the runner on which it happened, where there was one. */
  declare runner?: string;

  constructor(code: string, message: string, options: FlameErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.outcome = options.outcome ?? "not-started";
    this.retryable = options.retryable ?? false;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static {
    // On the prototype, so that it does not show as an own property of every error.
    Object.defineProperty(this.prototype, "name", {
      value: "FlameError",
      configurable: true,
      writable: true,
    });
  }

  /** Whether `error` is an error of this class; called on a subclass, of that subclass. Works across copies of flamelet. */
  static is<T extends abstract new (...args: never[]) => FlameError>(
    this: T,
    error: unknown,
  ): error is InstanceType<T> {
    if (error instanceof this) return true;
    if (typeof error !== "object" || error === null || !(BRAND in error)) return false;
    return this.name === "FlameError" || (error as { name?: unknown }).name === this.name;
  }
}

function named(target: typeof FlameError | (abstract new (...args: never[]) => FlameError), name: string): void {
  Object.defineProperty(target.prototype, "name", {
    value: name,
    configurable: true,
    writable: true,
  });
}

/** The pool is draining or closed and takes no more work. */
export class PoolClosedError extends FlameError {
  static {
    named(this, "PoolClosedError");
  }
  constructor(pool: string, doing = "closed") {
    super("ERR_FLAME_POOL_CLOSED", `pool "${pool}" is ${doing} and takes no more work`);
  }
}

/** `maxQueue` calls are waiting already. */
export class QueueFullError extends FlameError {
  static {
    named(this, "QueueFullError");
  }
  constructor(pool: string, limit: number) {
    super("ERR_FLAME_QUEUE_FULL", `pool "${pool}" has ${limit} calls waiting already (option maxQueue)`, {
      retryable: true,
    });
  }
}

/** No slot became free within `queueTimeout`. */
export class QueueTimeoutError extends FlameError {
  static {
    named(this, "QueueTimeoutError");
  }
  /** @param why What the pool was waiting for, as the policy put it. */
  constructor(pool: string, ms: number, why: string, cause?: unknown) {
    const options = cause === undefined ? {} : { cause };
    super("ERR_FLAME_QUEUE_TIMEOUT", `pool "${pool}" had no free slot within ${ms} ms (option queueTimeout): ${why}`, {
      ...options,
      retryable: true,
    });
  }
}

/** The work started, and did not end within `timeout`. */
export class CallTimeoutError extends FlameError {
  static {
    named(this, "CallTimeoutError");
  }
  constructor(what: string, ms: number) {
    super("ERR_FLAME_CALL_TIMEOUT", `${what} did not end within ${ms} ms of its start (option timeout)`, {
      outcome: "unknown",
    });
  }
}

/** A runner could not be booted. Reaches every caller that waited for it. */
export class BootError extends FlameError {
  static {
    named(this, "BootError");
  }
  readonly failure: BootFailure;
  /** Whether trying again without a change is pointless. */
  readonly permanent: boolean;
  /** The last lines that the runner wrote, oldest first. */
  readonly output: readonly string[];
  readonly exit: ExitInfo | null;

  constructor(
    message: string,
    details: {
      failure: BootFailure;
      output?: readonly string[];
      exit?: ExitInfo | null;
      cause?: unknown;
    },
  ) {
    const permanent =
      details.failure === "config" ||
      details.failure === "crash" ||
      details.failure === "build" ||
      details.failure === "auth";
    const output = details.output ?? [];
    const tail = output.length > 0 ? `\nIts last output:\n${output.map((line) => `  | ${line}`).join("\n")}` : "";
    super("ERR_FLAME_BOOT", message + tail, {
      retryable: !permanent,
      ...("cause" in details ? { cause: details.cause } : {}),
    });
    this.failure = details.failure;
    this.permanent = permanent;
    this.output = output;
    this.exit = details.exit ?? null;
  }
}

/** The runner, or the connection to it, is gone. What ran there may have run in part. */
export class RunnerLostError extends FlameError {
  static {
    named(this, "RunnerLostError");
  }
  readonly exit: ExitInfo | null;

  constructor(
    runner: string,
    why: string,
    details: { exit?: ExitInfo | null; outcome?: Outcome; cause?: unknown } = {},
  ) {
    super("ERR_FLAME_RUNNER_LOST", `runner ${runner} is lost: ${why}`, {
      outcome: details.outcome ?? "unknown",
      retryable: true,
      ...("cause" in details ? { cause: details.cause } : {}),
    });
    this.runner = runner;
    this.exit = details.exit ?? null;
  }
}

/** A value cannot cross, or what arrived cannot be read. Raised before anything was sent, unless it is a result. */
export class SerializationError extends FlameError {
  static {
    named(this, "SerializationError");
  }
  /** Where in the value, such as `db.pool.socket`; empty for the value itself. */
  readonly path: string;
  constructor(message: string, path = "", details: { outcome?: Outcome; cause?: unknown } = {}) {
    super("ERR_FLAME_SERIALIZATION", message, details);
    this.path = path;
  }
}

/** An inline closure reached a pool without having gone through the closure compiler. */
export class NotCompiledError extends FlameError {
  static {
    named(this, "NotCompiledError");
  }
  constructor(verb: string, where: string) {
    super(
      "ERR_FLAME_NOT_COMPILED",
      `the inline closure given to flame.${verb} at ${where} was not compiled, so it cannot run anywhere else. ` +
        "Start the app with `node --import flamelet/register`, or make it a named function with flame.fn",
    );
  }
}

/** The runner knows no function of that id. */
export class UnknownFunctionError extends FlameError {
  static {
    named(this, "UnknownFunctionError");
  }
  constructor(id: string, hint: string) {
    super("ERR_FLAME_UNKNOWN_FUNCTION", `the runner has no function "${id}": ${hint}`);
  }
}

/** Parent and runner do not run the same code. */
export class BuildMismatchError extends FlameError {
  static {
    named(this, "BuildMismatchError");
  }
  constructor(what: string, expected: string, actual: string) {
    super(
      "ERR_FLAME_BUILD_MISMATCH",
      `${what} differs between parent (${expected}) and runner (${actual}). A runner serves a parent of its own build ` +
        "only: if the code changed after the parent started, restart the parent",
    );
  }
}

/** An option is unknown, missing, or has a value that it cannot have. */
export class OptionError extends FlameError {
  static {
    named(this, "OptionError");
  }
  constructor(message: string) {
    super("ERR_FLAME_OPTION", message);
  }
}

/** Somebody could not prove to know the runner's secret. */
export class AuthError extends FlameError {
  static {
    named(this, "AuthError");
  }
  constructor(message: string) {
    super("ERR_FLAME_AUTH", message);
  }
}

/** The other side broke the protocol: a malformed, oversized or unexpected frame. The session is closed. */
export class ProtocolError extends FlameError {
  static {
    named(this, "ProtocolError");
  }
  constructor(message: string) {
    super("ERR_FLAME_PROTOCOL", message, { outcome: "unknown" });
  }
}
