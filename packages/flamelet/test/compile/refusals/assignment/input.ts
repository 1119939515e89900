import { flame } from "flamelet";

export async function count(words: string[]): Promise<number> {
  let total = 0;
  for (const word of words) {
    await flame.call("pool", async () => {
      total += word.length;
    });
  }
  return total;
}
