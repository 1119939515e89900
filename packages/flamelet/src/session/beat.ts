/** How often either side of a watchdog link sends a byte, in ms. Any byte counts as a sign of life. */
export const BEAT = 1_000;

/** The byte that a runner's watchdog sends while the main thread answers, and the one while it does not. */
export const RESPONSIVE = 1;
export const BLOCKED = 2;
