import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { findRegion } from "../regions/table.ts";
import type { App } from "../world/app.ts";
import { digestOf, resourceId } from "../world/ids.ts";
import { badRequest, failedPrecondition, notFound } from "../world/refusal.ts";
import type { Volume } from "../world/volume.ts";
import { type AnyRequest, type ApiContext, appOf, bodyObject } from "./context.ts";
import { volumeView } from "./views.ts";

/** Volumes are folders; a snapshot is a copy of one. */
export function volumeRoutes(server: FastifyInstance, context: ApiContext): void {
  const { world } = context;
  const folderOf = (id: string): string => join(world.folder, "volumes", id);
  const iso = (at: number): string => new Date(at).toISOString();

  server.get("/apps/:app/volumes", { config: { action: "volume-list" } }, (request: AnyRequest) =>
    [...appOf(context, request).volumes.values()].filter(({ state }) => state !== "destroyed").map(volumeView),
  );

  server.post("/apps/:app/volumes", { config: { action: "volume-create" } }, (request: AnyRequest) => {
    const app = appOf(context, request);
    const body = bodyObject(request, "main.createVolumeRequest");
    const {
      name,
      region = world.homeRegion,
      size_gb: size = 3,
      source_volume_id: source,
      snapshot_id: snapshot,
    } = body;
    if (typeof name !== "string" || !/^[a-z0-9_]{1,30}$/.test(name))
      throw badRequest("invalid volume name: 1 to 30 characters of lowercase letters, numbers and underscores");
    if (typeof region !== "string" || findRegion(region) === undefined)
      throw badRequest(`invalid region: ${String(region)}`);
    if (!Number.isInteger(size) || (size as number) < 1 || (size as number) > 500)
      throw badRequest("size_gb must be between 1 and 500");
    if (world.faults.strike("no-capacity", { app, region }, "volume-create") !== null) throw badRequest("no capacity");
    const id = resourceId("vol");
    const folder = folderOf(id);
    const from = originOf(app, source, snapshot);
    if (from === null) mkdirSync(folder, { recursive: true });
    else cpSync(from, folder, { recursive: true });
    const volume: Volume = {
      id,
      name,
      region,
      folder,
      createdAt: world.clock.now(),
      encrypted: body["encrypted"] !== false,
      fstype: typeof body["fstype"] === "string" ? body["fstype"] : "ext4",
      zone: id.slice(-4),
      sizeGb: size as number,
      snapshotRetention: typeof body["snapshot_retention"] === "number" ? body["snapshot_retention"] : 5,
      autoBackup: body["auto_backup_enabled"] !== false,
      state: "created",
      machine: null,
      snapshots: [],
    };
    app.volumes.set(id, volume);
    return volumeView(volume);
  });

  server.get("/apps/:app/volumes/:volume", { config: { action: "volume-get" } }, (request: AnyRequest) =>
    volumeView(volumeOf(request)),
  );

  server.put("/apps/:app/volumes/:volume", { config: { action: "volume-update" } }, (request: AnyRequest) => {
    const volume = volumeOf(request);
    const body = bodyObject(request, "main.updateVolumeRequest");
    const { snapshot_retention: retention, auto_backup_enabled: backup } = body;
    if (
      retention !== undefined &&
      !(Number.isInteger(retention) && (retention as number) >= 1 && (retention as number) <= 60)
    )
      throw badRequest("snapshot_retention must be between 1 and 60 days");
    if (retention !== undefined) volume.snapshotRetention = retention as number;
    if (typeof backup === "boolean") volume.autoBackup = backup;
    return volumeView(volume);
  });

  server.delete("/apps/:app/volumes/:volume", { config: { action: "volume-delete" } }, (request: AnyRequest) => {
    const volume = volumeOf(request);
    if (volume.machine !== null) throw failedPrecondition(`volume is currently bound to machine: ${volume.machine}`);
    volume.state = "destroyed";
    rmSync(volume.folder, { recursive: true, force: true });
    return volumeView(volume);
  });

  server.put("/apps/:app/volumes/:volume/extend", { config: { action: "volume-extend" } }, (request: AnyRequest) => {
    const volume = volumeOf(request);
    const { size_gb: size } = bodyObject(request, "main.extendVolumeRequest");
    if (!Number.isInteger(size) || (size as number) <= volume.sizeGb || (size as number) > 500)
      throw badRequest(`size_gb must be more than ${volume.sizeGb} and at most 500`);
    volume.sizeGb = size as number;
    return { needs_restart: volume.machine !== null, volume: volumeView(volume) };
  });

  server.get("/apps/:app/volumes/:volume/snapshots", { config: { action: "snapshot-list" } }, (request: AnyRequest) => {
    const volume = volumeOf(request);
    return volume.snapshots.map(({ id, digest, createdAt, size }) => ({
      id,
      digest,
      size,
      status: "created",
      volume_size: volume.sizeGb * 1024 ** 3,
      retention_days: volume.snapshotRetention,
      created_at: iso(createdAt),
    }));
  });

  server.post(
    "/apps/:app/volumes/:volume/snapshots",
    { config: { action: "snapshot-create" } },
    (request: AnyRequest) => {
      const volume = volumeOf(request);
      const id = resourceId("vs");
      cpSync(volume.folder, folderOf(id), { recursive: true });
      volume.snapshots.push({ id, digest: digestOf(id), createdAt: world.clock.now(), size: 0 });
      return {};
    },
  );

  function volumeOf(request: AnyRequest): Volume {
    const volume = appOf(context, request).volumes.get(request.params["volume"] ?? "");
    if (volume === undefined || volume.state === "destroyed") throw notFound("volume");
    return volume;
  }

  /** The folder that a new volume begins as a copy of. */
  function originOf(app: App, source: unknown, snapshot: unknown): string | null {
    const volumes = [...app.volumes.values()];
    if (typeof source === "string" && source !== "") {
      const volume = app.volumes.get(source);
      if (volume === undefined || volume.state === "destroyed") throw notFound("source volume");
      return volume.folder;
    }
    if (typeof snapshot !== "string" || snapshot === "") return null;
    if (!volumes.some(({ snapshots }) => snapshots.some(({ id }) => id === snapshot))) throw notFound("snapshot");
    return folderOf(snapshot);
  }
}
