import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for Vite. */
const plugin: UnpluginInstance<undefined, false>["vite"] = flamelet.vite;
export default plugin;
