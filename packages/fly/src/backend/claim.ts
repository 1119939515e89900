import { FlyApi } from "../api/client.ts";
import { backgroundFetch } from "../api/background-fetch.ts";
import { CLAIM, LOADED } from "./tags.ts";

/** How often it is looked whether somebody claims this machine, in ms: Fly allows five looks a second. */
const INTERVAL = 250;
/** How long a look may take, in ms. One that is under way when the machine is suspended is never answered. */
const PATIENCE = 2_000;
/** After so many looks, each of them awake, nobody is going to suspend or claim this machine any more. */
const MOST = 480;

/**
 * What a suspended standby machine runs in place of dialling its parent, which it does not know: it says in its own metadata
 * that the app is loaded, is suspended for as long as nobody needs it, and when it is resumed, finds there who claimed it.
 */
export async function claim(loaded: Promise<void>): Promise<string> {
  const { FLY_APP_NAME: app, FLY_MACHINE_ID: id } = process.env;
  if (!app || !id) throw new Error("it does not run on Fly");
  const machines = new FlyApi().machines(app);
  // Connections of before are dead after a resume, so each look has one of its own.
  const looking = new FlyApi({ fetch: backgroundFetch as typeof fetch }).machines(app);
  await loaded;
  await machines.setMetadata(id, LOADED, "yes");
  for (let looks = 0; looks < MOST; looks++) {
    const machine = await looking.get(id, { signal: AbortSignal.timeout(PATIENCE) }).catch(() => null);
    const parent = machine?.config?.metadata?.[CLAIM];
    if (parent !== undefined && parent !== "") {
      // It holds a secret, for which there is no more use.
      void machines.deleteMetadata(id, CLAIM).catch(() => {});
      return parent;
    }
    await new Promise((resolve) => setTimeout(resolve, INTERVAL));
  }
  throw new Error("it was neither suspended nor claimed");
}
