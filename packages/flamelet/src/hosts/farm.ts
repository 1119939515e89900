import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for Farm. */
const plugin: UnpluginInstance<undefined, false>["farm"] = flamelet.farm;
export default plugin;
