import { flame } from "flamelet";

export async function* frames(count: number): AsyncGenerator<number> {
  await flame.call("pool", () => {
    for (let i = 0; i < count; i++) yield i;
  });
}
