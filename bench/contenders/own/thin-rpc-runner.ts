/** The other end of `thin-rpc.ts`: a table of functions. */
import { setTimeout as sleep } from "node:timers/promises";
import { Packr } from "msgpackr";
import { dialParent } from "./dial-parent.ts";
import { Frames } from "./frames.ts";

const functions: Record<string, (value: never) => unknown> = {
  noop: () => null,
  echo: (value: unknown) => value,
  sleep: (ms: number) => sleep(ms),
};
const packr = new Packr({ useRecords: false });
const frames: Frames = new Frames(dialParent(), async (frame) => {
  const [id, name, value] = packr.unpack(frame) as [number, string, never];
  frames.send(packr.pack([id, await functions[name]?.(value)]));
});
