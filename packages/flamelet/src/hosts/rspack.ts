import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for Rspack. */
const plugin: UnpluginInstance<undefined, false>["rspack"] = flamelet.rspack;
export default plugin;
