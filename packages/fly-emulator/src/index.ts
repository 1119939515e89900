export { type Emulator, type EmulatorOptions, startEmulator } from "./emulator.ts";
export { type Clock, systemClock } from "./world/clock.ts";
export { type Times, flyTimes, noTimes } from "./world/times.ts";
export type { Fault, FaultKind, FaultSpec } from "./faults/faults.ts";
export type { ImageSpec } from "./world/images.ts";
