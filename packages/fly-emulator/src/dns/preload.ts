/**
 * Makes a process of a machine see Fly's private network as it would on Fly: `node --import @flamelet/fly-emulator/preload`,
 * `bun --preload`, `deno run --preload`. Without the emulator's environment variables it does nothing, so that it can stay
 * in a command line that also runs on Fly.
 */
import { install } from "./install.ts";

const { FLY_EMULATOR_DNS: dns, FLY_PRIVATE_IP: address } = process.env;
const at = /^(.*):(\d+)$/.exec(dns ?? "");
if (at !== null) install({ host: at[1] as string, port: Number(at[2]), from: address });
