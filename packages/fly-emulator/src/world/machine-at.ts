import type { Machine } from "./machine.ts";
import type { World } from "./world.ts";

/** The machine that a packet from that address comes from, or undefined. */
export function machineAt(world: World, address: string): Machine | undefined {
  const plain = address.replace(/^::ffff:/, "");
  return world.machines().find(({ privateIp, serviceIp }) => privateIp === plain || serviceIp === plain);
}
