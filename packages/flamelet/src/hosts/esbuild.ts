import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for esbuild. */
const plugin: UnpluginInstance<undefined, false>["esbuild"] = flamelet.esbuild;
export default plugin;
