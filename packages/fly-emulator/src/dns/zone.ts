/** A machine as DNS knows it. */
export interface DnsMachine {
  readonly id: string;
  readonly app: string;
  readonly region: string;
  /** Whether it runs: names lead to such machines only. */
  readonly started: boolean;
  /** Its private address, IPv6 or IPv4. */
  readonly address: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** All that `.internal` is made of, as it is right now, as far as the one who asks may see it. */
export interface DnsZone {
  readonly apps: readonly string[];
  /** Without those whose `dns.skip_registration` hides them, and without destroyed ones. */
  readonly machines: readonly DnsMachine[];
  /** The address of the Machines API, for `_api.internal`. */
  readonly api?: string | undefined;
  /** The address of the proxy, for `<app>.flycast`. */
  readonly flycast?: string | undefined;
}

/** An answer. `null`: there is no such name. An empty list: there is, but it has nothing of that type. */
export type DnsAnswer = readonly string[] | null;
