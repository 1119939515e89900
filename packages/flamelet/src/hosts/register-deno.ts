/**
 * `deno run --preload npm:flamelet/register app.ts`: compiles the inline closures of the app as its modules are loaded. Deno
 * cannot `require` the compiler while it loads a module, so it is loaded at once.
 */
import * as compiler from "../compile/compile.ts";
import { compileOnLoad } from "./compile-on-load.ts";

compileOnLoad(() => compiler);
