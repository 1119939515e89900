/** `next.config.ts`: `export default withFlamelet({ … })`. For route handlers and server actions on Next's Node runtime. */
import { fileURLToPath } from "node:url";
import { flamelet } from "./unplugin.ts";

/** Of Next's configuration, what is used here. */
interface Config {
  serverExternalPackages?: string[] | undefined;
  webpack?: ((config: any, context: any) => any) | null | undefined;
  turbopack?: { rules?: Record<string, any> | undefined } | undefined;
}

const loader = fileURLToPath(import.meta.resolve("flamelet/next-loader"));

/** Has Next compile the closures of the app, whether it builds with Turbopack or with webpack. */
export function withFlamelet<C extends object>(config: C = {} as C): C {
  const { serverExternalPackages = [], webpack, turbopack }: Config = config;
  return {
    ...config,
    serverExternalPackages: [...serverExternalPackages, "flamelet"],
    webpack(built: { plugins: unknown[] }, context: { isServer: boolean; nextRuntime?: string }) {
      if (context.isServer && context.nextRuntime === "nodejs") built.plugins.push(flamelet.webpack());
      return webpack?.(built, context) ?? built;
    },
    turbopack: {
      ...turbopack,
      rules: {
        ...turbopack?.rules,
        "*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}": {
          condition: { all: ["node", { not: "foreign" }] },
          loaders: [loader],
        },
      },
    },
  };
}
