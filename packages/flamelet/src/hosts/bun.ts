import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for `Bun.build`. */
const plugin: UnpluginInstance<undefined, false>["bun"] = flamelet.bun;
export default plugin;
