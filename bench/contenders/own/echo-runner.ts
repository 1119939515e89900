/** The other end of `echo.ts`: gives each frame back as it is, at once or after the time given as the second argument. */
import { dialParent } from "./dial-parent.ts";
import { Frames } from "./frames.ts";

const delay = Number(process.argv[3] ?? 0);
const frames: Frames = new Frames(dialParent(), (frame) => {
  if (delay === 0) frames.send(frame);
  else setTimeout(() => frames.send(frame), delay);
});
