/** All that the policy may know of the machines that a pool keeps in store. */
export interface StandbyView {
  /** How many are wanted (option `standby`). */
  readonly count: number;
  /** How many are there to be taken, as far as is known. */
  readonly parked: number;
  /** Whether something is being done about them; one thing is done at a time, since boots come first at the provider. */
  readonly busy: boolean;
  /** When it is next looked which there are; `Infinity` where none was ever wanted. */
  readonly lookAt: number;
  /** None is prepared before this instant, since the last attempt failed. */
  readonly notBefore: number;
  /** Whether the pool lets go of everything. What is in store stays there, for other parents and for the next one. */
  readonly closing: boolean;
}

export interface StandbyStep {
  /** `look`: ask the provider which there are. `prepare`: make one more. `discard`: destroy one. */
  readonly act: "look" | "prepare" | "discard" | null;
  /** When time alone could change that, at the earliest; `Infinity` if it cannot. */
  readonly wakeAt: number;
}

/**
 * Decides the next step towards as many standby machines as are wanted. Pure. Other parents take from and add to the same
 * store, so it is looked again after each machine that was prepared: two parents that fill it are at most one too many each.
 */
export function decideStandby(view: StandbyView, now: number): StandbyStep {
  if (view.closing || view.busy) return { act: null, wakeAt: Infinity };
  if (now >= view.lookAt) return { act: "look", wakeAt: Infinity };
  if (view.parked > view.count) return { act: "discard", wakeAt: Infinity };
  if (view.parked === view.count) return { act: null, wakeAt: view.lookAt };
  if (now >= view.notBefore) return { act: "prepare", wakeAt: Infinity };
  return { act: null, wakeAt: Math.min(view.lookAt, view.notBefore) };
}
