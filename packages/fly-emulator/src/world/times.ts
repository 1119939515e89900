/** How long Fly takes for things, in ms. Defaults are what Fly documents or what was seen there. */
export interface Times {
  /** `created` until the machine boots: the host prepares the (cached) image. Default 500; 6000 was seen. */
  readonly create: number;
  /** Pulling an image that the host has not cached, added to `create`. Default 0; 30000–90000 for a large one. */
  readonly pull: number;
  /** `starting` until the process is started: the boot of the VM. Default 300. */
  readonly start: number;
  /** `starting` until a suspended machine runs again. Default 300. */
  readonly resume: number;
  /** `suspending` until the snapshot is written. Default 500. */
  readonly suspend: number;
  /** From the end of the process until the machine is `stopped`. Default 100. */
  readonly stop: number;
  /** `stopped` until a start is accepted; before, it is refused as "still active". Default 400. */
  readonly stillActive: number;
  /** From the end of a process until its restart, where the restart policy wants one. Default 500 (not published by Fly). */
  readonly restart: number;
  /** `destroying` until `destroyed`. Default 200. */
  readonly destroy: number;
  /** How long a destroyed machine can still be read by its id. Default 10 minutes. */
  readonly destroyedReadable: number;
}

/** The times of Fly. */
export const flyTimes: Times = {
  create: 500,
  pull: 0,
  start: 300,
  resume: 300,
  suspend: 500,
  stop: 100,
  stillActive: 400,
  restart: 500,
  destroy: 200,
  destroyedReadable: 600_000,
};

/** No waiting, for tests. What is destroyed can still be read. */
export const noTimes: Times = {
  create: 0,
  pull: 0,
  start: 0,
  resume: 0,
  suspend: 0,
  stop: 0,
  stillActive: 0,
  restart: 0,
  destroy: 0,
  destroyedReadable: 600_000,
};
