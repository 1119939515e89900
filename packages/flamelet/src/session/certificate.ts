import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

/**
 * Whom a parent's certificate is made out to. It is the same for all parents, since none is known by its name: a runner
 * takes one certificate and no other. No authority can vouch for a name that ends in `.invalid` (RFC 2606).
 */
export const PARENT_NAME = "parent.flamelet.invalid";

/** A key, and the certificate that says whose it is. */
export interface Identity {
  /** The private key, as PEM. */
  readonly key: string;
  /** The certificate, as DER. */
  readonly certificate: Buffer;
}

/**
 * Makes a fresh key on P-256, which every TLS library takes, and a certificate that it signs itself. That is all that a
 * runner needs which was handed the certificate by its parent. Node has no function that makes one; what goes into it is
 * fixed here, so writing it takes fewer lines than it would to say the same to a library.
 */
export function selfSigned(): Identity {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const unsigned = sequence(
    explicit(0, integer(Buffer.of(VERSION_3))),
    integer(serialNumber()),
    ECDSA_WITH_SHA256,
    NAME,
    VALIDITY,
    NAME,
    publicKey.export({ type: "spki", format: "der" }),
    explicit(3, sequence(ALTERNATIVE_NAME)),
  );
  const signature = sign("sha256", unsigned, privateKey);
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    certificate: sequence(unsigned, ECDSA_WITH_SHA256, bitString(signature)),
  };
}

/** A certificate in the form that `node:tls` takes on every runtime. */
export function toPem(certificate: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${certificate.toString("base64")}\n-----END CERTIFICATE-----\n`;
}

// --- DER, as much of it as a certificate (RFC 5280) needs: a tag, a length, and what is in it ---

function element(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...head), content]);
}

function sequence(...parts: readonly Uint8Array[]): Buffer {
  return element(0x30, ...parts);
}

function explicit(number: number, part: Uint8Array): Buffer {
  return element(0xa0 + number, part);
}

/** @param bytes Big-endian, and its first bit 0, or the number would be negative. */
function integer(bytes: Uint8Array): Buffer {
  return element(0x02, bytes);
}

function bitString(bytes: Uint8Array): Buffer {
  return element(0x03, Buffer.of(0), bytes);
}

function objectId(...bytes: readonly number[]): Buffer {
  return element(0x06, Buffer.from(bytes));
}

/** Positive, and with no zeros in front. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | 0x40;
  return bytes;
}

const VERSION_3 = 2;
/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = sequence(objectId(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
/** 2.5.4.3: the common name, as a UTF8String. */
const NAME = sequence(element(0x31, sequence(objectId(0x55, 0x04, 0x03), element(0x0c, Buffer.from(PARENT_NAME)))));
/** 2.5.29.17: the name that TLS libraries compare, as a DNS name. */
const ALTERNATIVE_NAME = sequence(
  objectId(0x55, 0x1d, 0x11),
  element(0x04, sequence(element(0x82, Buffer.from(PARENT_NAME)))),
);
/** From 1970 to the date that means "never": the key lives as long as its listener, whatever the clocks of hosts say. */
const VALIDITY = sequence(element(0x17, Buffer.from("700101000000Z")), element(0x18, Buffer.from("99991231235959Z")));
