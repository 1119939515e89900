import { join } from "node:path";
import flamelet from "flamelet/webpack";
import webpack from "webpack";
import { type Place, testBundler, testExports } from "../support/built-app.ts";
import { inThisPackage } from "../support/paths.ts";

const stripTypes = inThisPackage("fixtures/strip-types-loader.cjs");

async function build({ entry, outDir }: Place, esm: boolean): Promise<string> {
  const compiler = webpack({
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
    experiments: { outputModule: esm },
    module: { rules: [{ test: /\.ts$/, type: "javascript/auto", use: stripTypes }] },
    plugins: [flamelet()],
  });
  const { promise, resolve, reject } = Promise.withResolvers<webpack.Stats | undefined>();
  compiler?.run((error, stats) => (error ? reject(error) : resolve(stats)));
  const stats = await promise;
  if (stats?.hasErrors() !== false) throw new Error(stats?.toString());
  return join(outDir, esm ? "main.mjs" : "main.cjs");
}

testBundler("webpack as ES modules", (place) => build(place, true));
testBundler("webpack as CommonJS", (place) => build(place, false));

testExports("webpack", (place) => build(place, true));
