import { flame } from "flamelet";

export class Account {
  #secret = 1;
  static read(account: Account): unknown {
    return flame.call("pool", async () => account.#secret);
  }
}
