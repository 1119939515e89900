import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for Rollup. */
const plugin: UnpluginInstance<undefined, false>["rollup"] = flamelet.rollup;
export default plugin;
