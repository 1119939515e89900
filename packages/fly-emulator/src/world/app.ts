import { digestOf } from "./ids.ts";
import type { Machine } from "./machine.ts";
import { notFound } from "./refusal.ts";
import type { Volume } from "./volume.ts";

export interface AppSecret {
  readonly name: string;
  readonly value: string;
  readonly digest: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** An address that an app can be reached by, with Fly's own names. */
export interface IpAssignment {
  readonly ip: string;
  readonly region: string;
  readonly created_at: string;
  readonly shared: boolean;
  readonly service_name: string;
}

/** An app: what machines, volumes and secrets belong to. */
export class App {
  /** As Fly makes them: unique, and not the name. */
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly org: string;
  readonly network: string;
  readonly createdAt: number;
  /** With the destroyed ones, for as long as they can be read. */
  readonly machines: Map<string, Machine> = new Map();
  readonly volumes: Map<string, Volume> = new Map();
  readonly secrets: Map<string, AppSecret> = new Map();
  readonly ips: Map<string, IpAssignment> = new Map();
  secretsVersion = 0;

  constructor(init: { id: string; number: number; name: string; org: string; network: string; createdAt: number }) {
    this.id = init.id;
    this.number = init.number;
    this.name = init.name;
    this.org = init.org;
    this.network = init.network;
    this.createdAt = init.createdAt;
  }

  /** Those that are not destroyed. */
  get living(): Machine[] {
    return [...this.machines.values()].filter((machine) => machine.state !== "destroyed");
  }

  machine(id: string): Machine {
    const machine = this.machines.get(id);
    if (machine === undefined) throw notFound("machine");
    return machine;
  }

  setSecret(name: string, value: string, now: number): AppSecret {
    const at = new Date(now).toISOString();
    const createdAt = this.secrets.get(name)?.createdAt ?? at;
    const secret = { name, value, digest: digestOf(value).slice(7, 23), createdAt, updatedAt: at };
    this.secrets.set(name, secret);
    this.secretsVersion++;
    return secret;
  }

  deleteSecret(name: string): void {
    if (!this.secrets.delete(name)) throw notFound("secret");
    this.secretsVersion++;
  }
}
