import { flame } from "flamelet";

export async function color(): Promise<number> {
  enum Color {
    Red,
  }
  return flame.call("pool", async () => Color.Red);
}
