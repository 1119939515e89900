import type { NetConnectOpts, Socket } from "node:net";
import { connect, createSecureContext, type SecureVersion, TLSSocket } from "node:tls";
import { AuthError } from "../errors.ts";
import { PARENT_NAME, selfSigned, toPem } from "./certificate.ts";

/**
 * TLS for sessions between hosts. The parent's key is made here and never leaves its process; a runner was handed the
 * certificate together with its secret, and takes no other. Who the runner is, the handshake inside proves.
 *
 * Whoever does not need this does not import it, since loading `node:tls` takes a start several milliseconds.
 */

const VERSION = { minVersion: "TLSv1.3", maxVersion: "TLSv1.3" } satisfies Record<string, SecureVersion>;

/** What a parent encrypts with. */
export interface Encryption {
  /** What its runners know it by: base64url of the DER of its certificate. */
  readonly certificate: string;
  /**
   * Encrypts a connection that has just been accepted. It can be used at once: what is written waits for the TLS handshake,
   * which is the other side's to begin. The connection closes when that fails.
   */
  wrap(socket: Socket): Socket;
}

/** Makes a fresh key and its certificate. */
export function newEncryption(): Encryption {
  const { key, certificate } = selfSigned();
  const secureContext = createSecureContext({ key, cert: toPem(certificate), ...VERSION });
  return {
    certificate: certificate.toString("base64url"),
    wrap(socket) {
      const secure = new TLSSocket(socket, { isServer: true, secureContext });
      // Of a damaged record, Node tells a socket in this way alone that was not made by a server of its own.
      secure.on("_tlsError", (error: Error) => secure.destroy(error));
      return secure;
    },
  };
}

/** A connection that is being made. */
export interface Connecting {
  readonly socket: Socket;
  /** Resolves when it can be used. Rejects when that fails. */
  readonly ready: Promise<void>;
}

/**
 * Connects to the parent with this certificate. Nothing is sent but the TLS handshake before it has proved that it has the
 * key; `ready` rejects with an `AuthError` when somebody else answers.
 */
export function connectEncrypted(to: NetConnectOpts, certificate: string): Connecting {
  const expected = Buffer.from(certificate, "base64url");
  const socket = connect({
    ...to,
    ...VERSION,
    ca: toPem(expected),
    servername: PARENT_NAME,
    // On Deno, `ca` adds to the authorities that the host trusts; none of them has a say here.
    checkServerIdentity: (_, { raw }) =>
      expected.equals(raw) ? undefined : new AuthError("it has another certificate"),
  });
  const ready = new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve).once("error", (error) => reject(isOfTls(error) ? stranger(error) : error));
  });
  return { socket, ready };
}

/** What the network says names a system call; what has no code is ours. */
function isOfTls(error: NodeJS.ErrnoException): boolean {
  return error.code !== undefined && error.syscall === undefined;
}

function stranger(error: Error): AuthError {
  return new AuthError(`who answered did not prove to be the parent (TLS): ${error.message}`);
}
