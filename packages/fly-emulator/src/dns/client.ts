import { createSocket } from "node:dgram";
import { createRequire } from "node:module";
import { isIPv4 } from "node:net";
import type packet from "dns-packet";
import type { Answer, DecodedPacket, StringAnswer, TxtAnswer } from "dns-packet";

/** Where to ask. */
export interface NameServer {
  readonly host: string;
  readonly port: number;
  /** The address to ask from, by which the server knows the machine; any, if it is not given. */
  readonly from: string | undefined;
}

/** What came back, or why nothing did: for each record its strings, of which an address has one. */
export type NameAnswer =
  | { readonly records: readonly (readonly string[])[]; readonly ttl: number }
  | { readonly error: "ENOTFOUND" | "ENODATA" | "ETIMEOUT" };

/** As large as a datagram can be, so that the list of a large app needs no second question by TCP. */
const LARGEST = 65_000;
/** A datagram may be lost: it is sent again after this long, in ms, and in all for as long as the resolvers of systems wait. */
const AGAIN_MS = 1000;
const TRIES = 10;
const RCODE = 15;
const NAME_ERROR = 3;

/** Asks the emulator's DNS for the `AAAA` or `TXT` records of a name. */
export async function ask(server: NameServer, name: string, type: "AAAA" | "TXT"): Promise<NameAnswer> {
  const reply = await replyTo(server, name, type);
  if (reply === null) return { error: "ETIMEOUT" };
  const { answers = [], flags = 0 } = reply;
  if ((flags & RCODE) === NAME_ERROR) return { error: "ENOTFOUND" };
  const found = answers.filter((each): each is StringAnswer | TxtAnswer => each.type === type);
  if (found.length === 0) return { error: "ENODATA" };
  const records = found.map(({ data }) => [data].flat().map((part) => (type === "AAAA" ? dotted(part) : String(part))));
  return { records, ttl: (found[0] as StringAnswer).ttl ?? 0 };
}

/** Null when no answer came in time. One that is late, after the question was sent again, is as good. */
function replyTo(server: NameServer, name: string, type: "AAAA" | "TXT"): Promise<DecodedPacket | null> {
  return new Promise((resolve) => {
    const packet = codec();
    const id = Math.floor(Math.random() * 65_536);
    const socket = createSocket(isIPv4(server.host) ? "udp4" : "udp6");
    const done = (reply: DecodedPacket | null): void => {
      clearInterval(timer);
      socket.close();
      resolve(reply);
    };
    socket.on("error", () => done(null));
    socket.on("message", (message) => {
      const reply = packet.decode(message);
      if (reply.id === id) done(reply);
    });
    const size = { udpPayloadSize: LARGEST, extendedRcode: 0, ednsVersion: 0, flag_do: false };
    const additional: Answer = { type: "OPT", name: ".", flags: 0, options: [], ...size };
    const flags = packet.RECURSION_DESIRED;
    const query = packet.encode({ type: "query", id, flags, questions: [{ type, name }], additionals: [additional] });
    let sent = 0;
    const send = (): void => {
      if (sent++ === TRIES) done(null);
      else socket.send(query, server.port, server.host);
    };
    const timer = setInterval(send, AGAIN_MS);
    // Node leaves a datagram socket unbound until it sends; the address it is bound to is what tells machines apart.
    socket.bind(0, server.from, send);
  });
}

/** `::ffff:7f01:203` as `::ffff:127.1.2.3`: the way in which operating systems write it. */
function dotted(address: string | Buffer): string {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(String(address));
  if (match === null) return String(address);
  const bytes = [match[1], match[2]].flatMap((part) => {
    const number = Number.parseInt(part as string, 16);
    return [number >> 8, number & 255];
  });
  return `::ffff:${bytes.join(".")}`;
}

/**
 * Loaded at the first question, since most processes ask none; and by `require`, which Deno allows to a module that is
 * outside of the app's own folder, where it does not allow an import.
 */
function codec(): typeof packet {
  return createRequire(import.meta.url)("dns-packet") as typeof packet;
}
