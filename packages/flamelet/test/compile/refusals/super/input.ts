import { flame } from "flamelet";

export class Thumbs extends Array<number> {
  override at(n: number): never {
    return flame.call("pool", async () => super.at(n)) as never;
  }
}
