import type { App } from "../world/app.ts";
import type { Image } from "../world/images.ts";
import type { Machine } from "../world/machine.ts";
import type { Volume } from "../world/volume.ts";

const iso = (at: number): string => new Date(at).toISOString();

/** An app, as the API gives it. */
export function appView(app: App): Record<string, unknown> {
  return {
    id: app.id,
    internal_numeric_id: app.number,
    name: app.name,
    machine_count: app.living.length,
    volume_count: [...app.volumes.values()].filter(({ state }) => state === "created").length,
    network: app.network,
    status: app.living.length === 0 ? "pending" : "deployed",
    organization: { name: app.org, slug: app.org, internal_numeric_id: 1 },
  };
}

/** A machine, as the API gives it. On a host that cannot be reached, its config is only `incomplete_config`. */
export function machineView(machine: Machine): Record<string, unknown> {
  const { config } = machine;
  return {
    id: machine.id,
    name: machine.name,
    state: machine.state,
    region: machine.region,
    instance_id: machine.instanceId,
    version: machine.instanceId,
    private_ip: machine.privateIp,
    created_at: iso(machine.createdAt),
    updated_at: iso(machine.updatedAt),
    ...(machine.hostStatus === "ok" ? { config } : { incomplete_config: config }),
    image_ref: imageRefView(machine.image),
    events: machine.events,
    checks: [...machine.checks].map(([name, { status, output, updatedAt }]) => {
      return { name, status, output, updated_at: iso(updatedAt) };
    }),
    host_status: machine.hostStatus,
    ...(machine.cordoned ? { cordoned: true } : {}),
  };
}

export function imageRefView({ registry, repository, tag, digest }: Image): Record<string, unknown> {
  return { registry, repository, tag, digest, labels: {} };
}

/** A volume, as the API gives it. */
export function volumeView(volume: Volume): Record<string, unknown> {
  return {
    id: volume.id,
    name: volume.name,
    state: volume.state,
    region: volume.region,
    zone: volume.zone,
    size_gb: volume.sizeGb,
    encrypted: volume.encrypted,
    fstype: volume.fstype,
    type: "local",
    attached_machine_id: volume.machine,
    attached_alloc_id: null,
    created_at: iso(volume.createdAt),
    blocks: 0,
    block_size: 0,
    blocks_avail: 0,
    blocks_free: 0,
    bytes_used: 0,
    bytes_total: volume.sizeGb * 1024 ** 3,
    snapshot_retention: volume.snapshotRetention,
    auto_backup_enabled: volume.autoBackup,
    host_status: "ok",
  };
}
