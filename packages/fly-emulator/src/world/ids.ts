import { createHash, randomBytes } from "node:crypto";

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** A ULID: 48 bits of time and 80 of chance. Fly names machine versions, events and requests so. */
export function ulid(now: number): string {
  let value = (BigInt(now) << 80n) | BigInt(`0x${randomBytes(10).toString("hex")}`);
  let text = "";
  for (let digit = 0; digit < 26; digit++) {
    text = CROCKFORD.charAt(Number(value & 31n)) + text;
    value >>= 5n;
  }
  return text;
}

/** A machine's id: 14 hexadecimal digits. */
export function machineId(): string {
  return randomBytes(7).toString("hex");
}

/** A volume's or snapshot's id: `vol_` and 16 characters. */
export function resourceId(prefix: "vol" | "vs"): string {
  return `${prefix}_${randomBytes(8).toString("hex")}`;
}

/** `sha256:` and the digest of a text. */
export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

const FIRST = [
  "autumn",
  "bold",
  "crimson",
  "dry",
  "frosty",
  "holy",
  "little",
  "misty",
  "nameless",
  "polished",
  "snowy",
];
const SECOND = ["breeze", "cloud", "dew", "feather", "glade", "leaf", "moon", "pond", "river", "sky", "smoke", "wave"];

/** A name for what was given none: `misty-river-4821`. */
export function randomName(): string {
  const [a, b, c, d] = randomBytes(4) as unknown as [number, number, number, number];
  return `${FIRST[a % FIRST.length]}-${SECOND[b % SECOND.length]}-${1000 + ((c * 256 + d) % 9000)}`;
}
