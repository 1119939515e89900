/**
 * `node --import flamelet/register app.ts`: compiles the inline closures of the app as its modules are loaded. It is also
 * loaded in every runner, so it costs next to nothing until a module mentions flamelet.
 */
import { createRequire } from "node:module";
import { extname } from "node:path";
import { compileOnLoad } from "./compile-on-load.ts";

const require = createRequire(import.meta.url);
let compiler: typeof import("../compile/compile.ts") | undefined;

// The compiler, and with it the parser, comes when the first module needs it. Hooks cannot wait for an `import()`.
compileOnLoad(() => {
  // This file is TypeScript in this repository's tests, and JavaScript where it is installed: so is the compiler.
  compiler ??= require(`../compile/compile${extname(import.meta.filename)}`) as typeof import("../compile/compile.ts");
  return compiler;
});
