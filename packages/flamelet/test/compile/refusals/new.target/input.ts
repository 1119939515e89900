import { flame } from "flamelet";

export function Thumbs(): unknown {
  return flame.call("pool", async () => new.target?.name);
}
