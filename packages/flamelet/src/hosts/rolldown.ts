import type { UnpluginInstance } from "unplugin";
import { flamelet } from "./unplugin.ts";

/** The plugin for Rolldown. */
const plugin: UnpluginInstance<undefined, false>["rolldown"] = flamelet.rolldown;
export default plugin;
