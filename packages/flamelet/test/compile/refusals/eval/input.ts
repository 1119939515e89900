import { flame } from "flamelet";

export async function calculate(x: number, formula: string): Promise<number> {
  return flame.call("pool", async () => eval(formula));
}
