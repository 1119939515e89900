import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import type { Machine } from "./machine.ts";

/** Writes `config.files` below the folder that stands for the machine's root, and links its volumes where they are mounted. */
export function placeFiles({ app, config }: Machine, root: string): void {
  for (const { guest_path, raw_value, secret_name, mode } of config.files ?? []) {
    if (guest_path === undefined) continue;
    const path = inside(root, guest_path);
    mkdirSync(dirname(path), { recursive: true });
    const encoded = raw_value ?? app.secrets.get(secret_name ?? "")?.value ?? "";
    writeFileSync(path, Buffer.from(encoded, "base64"));
    if (mode !== undefined && mode !== 0) chmodSync(path, mode);
  }
  for (const { volume, path } of config.mounts ?? []) {
    const folder = app.volumes.get(volume ?? "")?.folder;
    if (folder === undefined || path === undefined) continue;
    const link = inside(root, path);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(folder, link);
  }
}

/** A path of the guest, which never leads out of its root. */
function inside(root: string, path: string): string {
  return join(root, normalize(join("/", path)));
}
