import { flame } from "flamelet";

export class Thumbs {
  readonly url = "a.mp4";
  async make(): Promise<string> {
    return flame.call("pool", async () => {
      return this.url;
    });
  }
}
