/** The smallest app whose copies can be flamelet's runners. */
import { flame } from "flamelet";

export const noop = flame.fn("bench/cold-noop", async () => {});
