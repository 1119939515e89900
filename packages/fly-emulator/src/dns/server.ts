import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import packet from "dns-packet";
import { answer, isInternalName } from "./answer.ts";
import type { DnsAnswer, DnsZone } from "./zone.ts";

/** Seconds that Fly's answers may be kept: https://fly.io/docs/networking/private-networking/ */
const TTL_S = 5;
/** A TXT record is a list of strings of at most this many bytes (RFC 1035 §3.3). */
const TXT_PART = 255;
/** What fits into one datagram without EDNS (RFC 1035 §4.2.1). */
const PLAIN_LIMIT = 512;
/** What fits into a message by TCP. */
const TCP_LIMIT = 65_535;
const NAME_ERROR = 3;
const REFUSED = 5;

/** What a DNS server of the emulator needs. */
export interface DnsServerOptions {
  /** What is there to answer from, for the one who asks from that address. */
  readonly zone: (from: string) => DnsZone;
  /** The region of the one who asks from that address. */
  readonly region: (from: string) => string;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** Default 0: any that is free. */
  readonly port?: number;
}

/** A running DNS server. */
export interface DnsServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

/**
 * Answers `.internal` and `.flycast` by UDP and TCP, and refuses all other names: it is no way out to the world's DNS.
 * Rejects when the port is taken.
 */
export async function startDns(options: DnsServerOptions): Promise<DnsServer> {
  const host = options.host ?? "127.0.0.1";
  const sockets = new Set<Socket>();
  const tcp = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
    serveStream(socket, options);
  });
  tcp.listen(options.port ?? 0, host);
  await once(tcp, "listening");
  const { port } = tcp.address() as AddressInfo;
  const udp = createSocket(host.includes(":") ? "udp6" : "udp4");
  udp.on("message", (message, from) => {
    const bytes = reply(message, from.address, options, PLAIN_LIMIT);
    if (bytes !== null) udp.send(bytes, from.port, from.address);
  });
  udp.bind(port, host);
  await once(udp, "listening");
  return {
    host,
    port,
    async close() {
      for (const socket of sockets) socket.destroy();
      await Promise.all([
        new Promise<void>((resolve) => udp.close(() => resolve())),
        new Promise<void>((resolve) => tcp.close(() => resolve())),
      ]);
    },
  };
}

/** By TCP, each message has its length before it (RFC 1035 §4.2.2). */
function serveStream(socket: Socket, options: DnsServerOptions): void {
  let buffer = Buffer.alloc(0);
  socket.on("data", (chunk) => {
    buffer = Buffer.concat([buffer, chunk as Buffer]);
    while (buffer.length >= 2 && buffer.length >= 2 + buffer.readUInt16BE()) {
      const end = 2 + buffer.readUInt16BE();
      const bytes = reply(buffer.subarray(2, end), socket.remoteAddress ?? "", options, TCP_LIMIT);
      buffer = buffer.subarray(end);
      if (bytes === null) return void socket.destroy();
      const length = Buffer.alloc(2);
      length.writeUInt16BE(bytes.length);
      socket.write(Buffer.concat([length, bytes]));
    }
  });
}

/** Null for what is no question. */
function reply(message: Buffer, from: string, options: DnsServerOptions, plainLimit: number): Buffer | null {
  const query = decode(message);
  const question = query?.questions?.[0];
  if (query === null || question === undefined) return null;
  const own = isInternalName(question.name);
  const found = own ? answer(options.zone(from), question.name, question.type, options.region(from)) : null;
  const edns = query.additionals?.find((each) => each.type === "OPT")?.udpPayloadSize ?? 0;
  const rcode = found !== null ? 0 : own ? NAME_ERROR : REFUSED;
  const flags = packet.RECURSION_AVAILABLE | ((query.flags ?? 0) & packet.RECURSION_DESIRED) | rcode;
  const whole = encode(query.id ?? 0, flags, question, found);
  if (whole.length <= Math.max(plainLimit, edns)) return whole;
  return encode(query.id ?? 0, flags | packet.TRUNCATED_RESPONSE, question, []);
}

function decode(message: Buffer): packet.DecodedPacket | null {
  try {
    const query = packet.decode(message);
    return query.type === "query" ? query : null;
  } catch {
    // Not DNS: whoever sent it gets no answer, as from any name server.
    return null;
  }
}

function encode(id: number, flags: number, question: packet.Question, found: DnsAnswer): Buffer {
  const { name } = question;
  const answers = (found ?? []).map((value): packet.Answer => {
    if (question.type === "AAAA") return { type: "AAAA", name, ttl: TTL_S, data: value };
    return { type: "TXT", name, ttl: TTL_S, data: parts(value) };
  });
  return packet.encode({ type: "response", id, flags, questions: [question], answers });
}

function parts(text: string): string[] {
  const found: string[] = [];
  for (let at = 0; at < text.length || at === 0; at += TXT_PART) found.push(text.slice(at, at + TXT_PART));
  return found;
}
