import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for webpack. */
const plugin: UnpluginInstance<undefined, false>["webpack"] = flamelet.webpack;
export default plugin;
