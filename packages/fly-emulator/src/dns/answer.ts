import { byDistance } from "../regions/distance.ts";
import { findRegion } from "../regions/table.ts";
import type { DnsAnswer, DnsMachine, DnsZone } from "./zone.ts";

/** The top-level names that Fly's resolver answers for itself. */
const OWN = /\.(internal|flycast)$/;

/** Whether a name is one that this DNS answers for. */
export function isInternalName(name: string): boolean {
  return OWN.test(normalize(name));
}

/**
 * What Fly's DNS answers: https://fly.io/docs/networking/private-networking/#fly-io-internal-dns. Addresses are AAAA
 * records; an IPv4 address is given as the IPv6 address that stands for it.
 *
 * @param region Where the one who asks is, for `top<N>.nearest.of`.
 */
export function answer(zone: DnsZone, name: string, type: string, region: string): DnsAnswer {
  const labels = normalize(name).split(".");
  const top = labels.pop();
  const host = labels.join(".");
  if (top === "flycast") return flycast(zone, host, type);
  if (top !== "internal") return null;
  const text = texts(zone, host);
  if (text !== null) return type === "TXT" ? text : [];
  const found = addresses(zone, labels, region);
  if (found === null) return null;
  return type === "AAAA" ? found.map(asIPv6) : [];
}

/** An IPv4 address as the IPv6 address that stands for it (RFC 4291 §2.5.5.2); an IPv6 address as it is. */
export function asIPv6(address: string): string {
  return address.includes(":") ? address : `::ffff:${address}`;
}

function normalize(name: string): string {
  return name.toLowerCase().replace(/\.$/, "");
}

function flycast(zone: DnsZone, app: string, type: string): DnsAnswer {
  if (zone.flycast === undefined || !zone.apps.includes(app)) return null;
  return type === "AAAA" ? [asIPv6(zone.flycast)] : [];
}

/** Names that have text and no address. */
function texts(zone: DnsZone, host: string): DnsAnswer {
  if (host === "_apps") return [[...zone.apps].sort().join(",")];
  if (host === "_peer") return [""];
  if (host === "_instances") return [instances(zone.machines.filter((each) => each.started))];
  if (host === "all._instances") return [instances(zone.machines)];
  const match = /^(all\.)?(vms|regions)\.([^.]+)$/.exec(host);
  if (match === null || !zone.apps.includes(match[3] as string)) return null;
  const machines = zone.machines.filter((each) => each.app === match[3] && (each.started || match[1] !== undefined));
  if (match[2] === "vms") return [machines.map((each) => `${each.id} ${each.region}`).join(",")];
  return [[...new Set(machines.map((each) => each.region))].sort().join(",")];
}

function instances(machines: readonly DnsMachine[]): string {
  return machines
    .map(({ id, app, address, region }) => `instance=${id},app=${app},ip=${asIPv6(address)},region=${region}`)
    .join(";");
}

function addresses(zone: DnsZone, labels: readonly string[], region: string): DnsAnswer {
  if (labels.length === 1 && labels[0] === "_api") return zone.api === undefined ? null : [zone.api];
  const app = labels.at(-1) ?? "";
  if (!zone.apps.includes(app)) return null;
  const started = zone.machines.filter((each) => each.app === app && each.started);
  const passes = selector(labels.slice(0, -1));
  if (passes !== null) return started.filter(passes).map((each) => each.address);
  const nearest = /^top(\d+)\.nearest\.of$/.exec(labels.slice(0, -1).join("."));
  if (nearest === null) return null;
  const order = byDistance(region, [...new Set(started.map((each) => each.region))]);
  return order
    .flatMap((code) => started.filter((each) => each.region === code))
    .slice(0, Number(nearest[1]))
    .map((each) => each.address);
}

/** Which machines the labels before the app's name mean, or null when they mean nothing. */
function selector(labels: readonly string[]): ((machine: DnsMachine) => boolean) | null {
  const [first, second] = labels;
  if (first === undefined) return () => true;
  if (labels.length === 1) {
    if (first === "global") return () => true;
    return findRegion(first) === undefined ? null : (each) => each.region === first;
  }
  if (labels.length === 2 && second === "vm") return (each) => each.id === first;
  if (labels.length === 2 && second === "process") return (each) => each.metadata["fly_process_group"] === first;
  if (labels.slice(2).join(".") === "kv._metadata") return (each) => lower(each.metadata[second as string]) === first;
  return null;
}

/** DNS names have no upper and lower case. */
function lower(text: string | undefined): string | undefined {
  return text?.toLowerCase();
}
