/** What the machines of the burst run: an app with nothing in it but this. */
import { flame } from "flamelet";

/** Tells on which machine it runs, and ends when it has been heard. */
export const hold = flame.fn("burst/hold", (told: (machine: string) => Promise<void>) =>
  told(process.env["FLY_MACHINE_ID"] ?? ""),
);
