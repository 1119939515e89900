import { flame } from "flamelet";

export async function sizes(): Promise<number> {
  class Size {
    readonly width = 1;
  }
  return flame.call("pool", async () => new Size().width);
}
