import { fileURLToPath } from "node:url";
import { ConfigError, readConfig, type Config } from "./read-config.ts";

function readOrExit(): Config {
  try {
    return readConfig(process.env, fileURLToPath(new URL("../.data", import.meta.url)));
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    // Whoever typed the variable needs the sentence, not a stack.
    console.error(`thumbs: ${error.message}`);
    process.exit(2);
  }
}

/** The configuration of this copy of the app. A runner reads it from its own environment, as the parent does. */
export const config: Config = readOrExit();
