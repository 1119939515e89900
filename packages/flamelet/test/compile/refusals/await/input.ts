import { flame } from "flamelet";

export async function thumbs(url: string): Promise<string> {
  return flame.call("pool", () => {
    const response = await fetch(url);
    return response.text();
  });
}
