import { flame } from "flamelet";

export async function thumbs(url: string): Promise<string> {
  async function work(): Promise<string> {
    return url;
  }
  return flame.call("pool", work);
}
