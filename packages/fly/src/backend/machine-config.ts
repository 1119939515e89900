import type { MachineSpec } from "flamelet";
import type { FlyMachine, MachineConfig } from "../api/types.ts";
import type { Settings } from "./options.ts";
import { tagsOf } from "./tags.ts";

/**
 * What a runner's machine is made of: a copy of the parent's, without what is the parent's own (its services, its volumes,
 * its checks).
 *
 * @param self The machine that the parent runs on; null when it is none of Fly's.
 */
export function machineConfig(settings: Settings, spec: MachineSpec, self: FlyMachine | null): MachineConfig {
  const { env, guest, image, sameImage, config } = settings;
  const own = self?.config;
  const made: MachineConfig = {
    image: pinned(image, sameImage ? self : null),
    // The command of a process group is in the machine's config, not in the image.
    ...(own?.init === undefined ? {} : { init: own.init }),
    ...(guest === null ? (own?.guest === undefined ? {} : { guest: own.guest }) : { guest }),
    ...(own?.stop_config === undefined ? {} : { stop_config: own.stop_config }),
    // The same image is the same build, in whatever form Fly names it over there.
    env: { ...env, ...(sameImage ? { FLAME_BUILD_ID: spec.buildId } : {}), ...spec.env },
    metadata: tagsOf(spec, settings.self),
    auto_destroy: true,
    restart: { policy: "no" },
    // It serves nobody but its parent, so nobody is to find it under the app's name.
    dns: { skip_registration: true },
  };
  return config(made);
}

/** A tag may be moved while the parent runs; a digest is what it runs. */
function pinned(image: string, self: FlyMachine | null): string {
  const digest = self?.image_ref?.digest;
  return image.includes("@") || digest === undefined ? image : `${image}@${digest}`;
}
