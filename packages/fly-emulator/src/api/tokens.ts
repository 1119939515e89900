import { randomBytes } from "node:crypto";

/** What a token may be used for: one app, or everything. */
export interface TokenScope {
  readonly app: string | null;
}

/** The tokens that the API accepts. */
export class Tokens {
  readonly #scopes = new Map<string, TokenScope>();

  /** With one that may do everything. Throws where it is empty, which would let everybody in. */
  constructor(first: string) {
    if (bare(first) === "") throw new Error("the token of the emulator must not be empty");
    this.#scopes.set(bare(first), { app: null });
  }

  /** A new one for one app. */
  issue(app: string): string {
    const token = `FlyV1 fm2_${randomBytes(24).toString("base64url")}`;
    this.#scopes.set(bare(token), { app });
    return token;
  }

  /** The scope of an `Authorization` header, `Bearer` or `FlyV1`; null if none of its tokens is known. */
  check(header: string | undefined): TokenScope | null {
    for (const token of bare(header ?? "").split(",")) {
      const scope = this.#scopes.get(token.trim());
      if (scope !== undefined) return scope;
    }
    return null;
  }
}

/** Without the words before it. */
function bare(header: string): string {
  return header.replace(/^(?:(?:Bearer|FlyV1)\s+)+/i, "").trim();
}
