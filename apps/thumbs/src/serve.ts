import type { AddressInfo } from "node:net";
import { config } from "./config.ts";
import { openDatabase } from "./database/open.ts";
import { createServer } from "./http/server.ts";

/** Starts the web server, and stops it and then the database when the process is told to end. */
export async function serve(): Promise<void> {
  const database = await openDatabase();
  const server = await createServer(database.owner);
  try {
    await server.listen({ host: config.host, port: config.port });
  } catch (error) {
    await database.close();
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    console.error(`thumbs: port ${config.port} of ${config.host} is in use; set PORT to another one`);
    process.exit(1);
  }
  const stop = async (): Promise<void> => {
    await server.close();
    await database.close();
  };
  // By the time these run, flamelet has let the runners end their work.
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.once(signal, () => void stop());
  const { address, port } = server.server.address() as AddressInfo;
  console.log(`Live thumbnails: http://${address.includes(":") ? `[${address}]` : address}:${port}`);
}
