/**
 * `node --import flamelet/register app.ts`: compiles the inline closures of the app as its modules are loaded. It is also
 * loaded in every runner, so it costs next to nothing until a module mentions flamelet.
 */
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { ownModule } from "../own-files.ts";
import { compileOnLoad } from "./compile-on-load.ts";

const require = createRequire(import.meta.url);
let compiler: typeof import("../compile/compile.ts") | undefined;

// The compiler, and with it the parser, comes when the first module needs it. Hooks cannot wait for an `import()`.
compileOnLoad(() => {
  compiler ??= require(fileURLToPath(ownModule("compile/compile"))) as typeof import("../compile/compile.ts");
  return compiler;
});
