import { execFile, spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import type { Guardian } from "../guests/guardian.ts";
import type { MachineAddress, PrivateNetwork } from "./network.ts";

const run = promisify(execFile);

/** Where `ip netns exec` takes the files from that it puts over those in /etc. */
const ETC = "/etc/netns";

/**
 * A network namespace for each machine, all on one bridge: every machine has an `fdaa:` address as on Fly and all ports to
 * itself. IPv4 addresses, which Fly Proxy comes in by, are from 100.64.0.0/10, the range that is meant for what is inside
 * of providers. Machines reach each other and the emulator, not the internet: that would take changes to the host.
 *
 * Needs Linux, root and `ip` of iproute2; rejects with what is missing.
 *
 * @param chance Four bytes that keep the networks of this host apart.
 */
export async function namespaceNetwork(guardian: Guardian, chance: Buffer = randomBytes(4)): Promise<PrivateNetwork> {
  if (process.platform !== "linux" || process.getuid?.() !== 0)
    throw new Error('network "namespaces" needs Linux and root; use "loopback" without');
  const network = new NamespaceNetwork(chance, guardian);
  await network.open();
  return network;
}

/**
 * The hardware address that nobody has. What is sent to it is lost without a word, as in a network that is cut: a route that
 * leads nowhere would tell the sender.
 */
const NOBODY = "02:00:00:00:00:01";

interface NamespaceAddress extends MachineAddress {
  readonly namespace: string;
  readonly link: string;
}

class NamespaceNetwork implements PrivateNetwork {
  readonly isolated = true;
  readonly host: string;
  readonly #bridge: string;
  readonly #prefix6: string;
  /** Its own once the network is open. */
  #prefix4 = "";
  readonly #guardian: Guardian;
  /** Where it looks first for IPv4 addresses that nobody has. */
  readonly #first: number;
  readonly #making = new Map<string, Promise<void>>();
  #apart: ReadonlyMap<string, readonly [NamespaceAddress, NamespaceAddress]> = new Map();
  #separating: Promise<void> = Promise.resolve();
  #next = 1;

  constructor(chance: Buffer, guardian: Guardian) {
    this.#bridge = `ff${chance.toString("hex")}`;
    // As others write the address, too: no zeros before a digit, and no group that is zero.
    const group = (at: number): string => (chance.readUInt16BE(at) || 1).toString(16);
    this.#prefix6 = `fdaa:${group(0)}:${group(2)}`;
    this.#first = chance.readUInt8(0);
    this.host = `${this.#prefix6}::3`;
    this.#guardian = guardian;
  }

  async open(): Promise<void> {
    const bridge = this.#bridge;
    this.#guardian.undoLater(bridge, ["ip", "link", "del", bridge]);
    await batch(
      [],
      [`link add ${bridge} type bridge`, `link set ${bridge} up`, `addr add ${this.host}/48 dev ${bridge} nodad`],
    );
    this.#prefix4 = await this.#claimPrefix();
  }

  /** Another emulator may find the same addresses free at the same moment: who is not alone there then looks further. */
  async #claimPrefix(): Promise<string> {
    for (let from = this.#first; ; from = randomInt(PREFIXES)) {
      const prefix = freePrefix(await prefixesInUse(), from);
      await batch([], [`addr add ${prefix}.0.1/16 dev ${this.#bridge}`]);
      if ((await prefixesInUse()).filter((each) => each === prefix).length === 1) return prefix;
      await batch([], [`addr del ${prefix}.0.1/16 dev ${this.#bridge}`]);
    }
  }

  take(): NamespaceAddress {
    const number = this.#next++;
    if (number > 60_000) throw new Error("no address is left");
    const namespace = `${this.#bridge}-${number}`;
    const host = number + 255;
    const address = {
      namespace,
      link: `${this.#bridge}${number.toString(36)}`,
      privateIp: `${this.#prefix6}:a7b:0:${number.toString(16)}:0:2`,
      serviceIp: `${this.#prefix4}.${host >> 8}.${host & 255}`,
      enter: ["ip", "netns", "exec", namespace],
    };
    const made = this.#make(address);
    // Whoever waits for it hears of a failure; nobody may.
    made.catch(() => {});
    this.#making.set(namespace, made);
    return address;
  }

  async ready(address: MachineAddress): Promise<void> {
    await this.#making.get((address as NamespaceAddress).namespace);
    // What boots behind a cut never sees the other side.
    await this.#separating;
  }

  release(address: MachineAddress): void {
    const { namespace, link } = address as NamespaceAddress;
    const made = this.#making.get(namespace);
    this.#making.delete(namespace);
    void made
      ?.catch(() => {})
      .then(async () => {
        await run("ip", ["link", "del", link]).catch(() => {});
        await run("ip", ["netns", "del", namespace]).catch(() => {});
        rmSync(`${ETC}/${namespace}`, { recursive: true, force: true });
        this.#guardian.undone(namespace);
        this.#guardian.undone(`${namespace} etc`);
        this.#guardian.undone(`${namespace} link`);
      });
  }

  separate(pairs: readonly (readonly [MachineAddress, MachineAddress])[]): Promise<void> {
    // One after the other, so that the last one asked for is what it ends with.
    const before = this.#separating;
    const done = before.then(() => this.#separate(pairs as [NamespaceAddress, NamespaceAddress][]));
    this.#separating = done.catch(() => {});
    return done;
  }

  async #separate(pairs: readonly [NamespaceAddress, NamespaceAddress][]): Promise<void> {
    const wanted = new Map<string, readonly [NamespaceAddress, NamespaceAddress]>();
    for (const [a, b] of pairs) {
      wanted.set(`${a.namespace} ${b.namespace}`, [a, b]);
      wanted.set(`${b.namespace} ${a.namespace}`, [b, a]);
    }
    const lines = new Map<string, string[]>();
    const tell = ({ namespace }: NamespaceAddress, line: string): void => {
      lines.set(namespace, [...(lines.get(namespace) ?? []), line]);
    };
    for (const [key, [at, peer]] of wanted) {
      if (this.#apart.has(key)) continue;
      for (const ip of [peer.privateIp, peer.serviceIp]) {
        tell(at, `neigh replace ${ip} lladdr ${NOBODY} dev eth0 nud permanent`);
      }
    }
    for (const [key, [at, peer]] of this.#apart) {
      if (wanted.has(key)) continue;
      for (const ip of [peer.privateIp, peer.serviceIp]) tell(at, `neigh del ${ip} dev eth0`);
    }
    this.#apart = wanted;
    await Promise.all(
      [...lines].map(async ([namespace, commands]) => {
        await this.#making.get(namespace);
        await batch(["-n", namespace], commands).catch((error: unknown) => {
          // A machine that is gone needs no cut.
          if (this.#making.has(namespace)) throw error;
        });
      }),
    );
  }

  async close(): Promise<void> {
    // The guardian removes namespaces and bridge, as it would if this process were killed.
    await Promise.allSettled([...this.#making.values(), this.#separating]);
  }

  async #make({ namespace, link, privateIp, serviceIp }: NamespaceAddress): Promise<void> {
    const etc = `${ETC}/${namespace}`;
    this.#guardian.undoLater(namespace, ["ip", "netns", "del", namespace]);
    this.#guardian.undoLater(`${namespace} etc`, ["rm", "-rf", etc]);
    // A namespace takes its links with it only some time later; this is at once.
    this.#guardian.undoLater(`${namespace} link`, ["ip", "link", "del", link]);
    mkdirSync(etc, { recursive: true });
    writeFileSync(`${etc}/resolv.conf`, `nameserver ${this.host}\n`);
    writeFileSync(`${etc}/hosts`, `127.0.0.1 localhost\n::1 localhost\n${privateIp} fly-local-6pn\n`);
    await batch(
      [],
      [
        `netns add ${namespace}`,
        `link add ${link} type veth peer name eth0 netns ${namespace}`,
        `link set ${link} master ${this.#bridge}`,
        `link set ${link} up`,
      ],
    );
    await batch(
      ["-n", namespace],
      [
        "link set lo up",
        `addr add ${privateIp}/48 dev eth0 nodad`,
        `addr add ${serviceIp}/16 dev eth0`,
        "link set eth0 up",
        `route add default via ${this.#prefix4}.0.1`,
      ],
    );
    await carrying(namespace, link);
  }
}

/** Resolves when both ends of a link carry packets: the kernel brings them up a moment after it was told to. */
async function carrying(namespace: string, link: string): Promise<void> {
  const port = `/sys/class/net/${link}/brport/state`;
  for (;;) {
    const { stdout } = await run("ip", ["-n", namespace, "-br", "link", "show", "dev", "eth0"]);
    if (/ UP /.test(stdout) && readFileSync(port, "latin1").trim() === FORWARDING) return;
    await setTimeout(10);
  }
}

/** The state of a bridge's port that lets packets through. */
const FORWARDING = "3";

/** How many networks 100.64.0.0/10 holds. */
const PREFIXES = 64;

/** The first two numbers of IPv4 addresses that are not in use, looked for from that place on. */
function freePrefix(inUse: readonly string[], from: number): string {
  for (let step = 0; step < PREFIXES; step++) {
    const prefix = `100.${64 + ((from + step) % PREFIXES)}`;
    if (!inUse.includes(prefix)) return prefix;
  }
  throw new Error("no part of 100.64.0.0/10 is free on this host");
}

/**
 * The first two numbers of each IPv4 address of this host. Node does not tell those of a bridge as long as nothing that is
 * on it is up.
 */
async function prefixesInUse(): Promise<string[]> {
  const { stdout } = await run("ip", ["-4", "-o", "addr", "show"]);
  return [...stdout.matchAll(/ inet (\d+\.\d+)\./g)].map(([, prefix = ""]) => prefix);
}

/** Runs several commands of `ip` in one process. Rejects with what it says. */
async function batch(options: readonly string[], lines: readonly string[]): Promise<void> {
  const child = spawn("ip", [...options, "-batch", "-"], { stdio: ["pipe", "ignore", "pipe"] });
  child.stdin.on("error", () => {}).end(`${lines.join("\n")}\n`);
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
  if (code !== 0) throw new Error(`ip (of iproute2) failed: ${said.trim()}`);
}
