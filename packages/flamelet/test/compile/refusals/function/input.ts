import { flame } from "flamelet";

export async function thumbs(url: string): Promise<string> {
  const nameOf = (n: number): string => `${url}-${n}.png`;
  return flame.call("pool", async () => nameOf(1));
}
