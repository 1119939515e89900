import { join } from "node:path";
import { rspack, type Stats } from "@rspack/core";
import flamelet from "flamelet/rspack";
import { type Place, testBundler, testExports } from "../support/built-app.ts";

async function build({ entry, outDir }: Place, esm: boolean): Promise<string> {
  const compiler = rspack({
    mode: "production",
    target: "node22",
    devtool: "source-map",
    entry: { main: entry },
    output: {
      path: outDir,
      filename: esm ? "main.mjs" : "main.cjs",
      module: esm,
      library: { type: esm ? "module" : "commonjs2" },
    },
    module: { rules: [{ test: /\.ts$/, type: "javascript/auto", loader: "builtin:swc-loader" }] },
    plugins: [flamelet()],
  });
  const { promise, resolve, reject } = Promise.withResolvers<Stats | undefined>();
  compiler.run((error, stats) => (error ? reject(error) : resolve(stats)));
  const stats = await promise;
  if (stats?.hasErrors() !== false) throw new Error(stats?.toString({}));
  return join(outDir, esm ? "main.mjs" : "main.cjs");
}

testBundler("Rspack as ES modules", (place) => build(place, true));
testBundler("Rspack as CommonJS", (place) => build(place, false));

testExports("Rspack", (place) => build(place, true));
