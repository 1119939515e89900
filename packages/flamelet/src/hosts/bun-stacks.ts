import { SourceMap, type SourceMapPayload } from "node:module";
import { readStacksBy } from "../registry.ts";

type Payload = Pick<SourceMapPayload, "sources" | "names" | "mappings">;

const payloads = new Map<string, Payload>();
const maps = new Map<string, SourceMap>();

/**
 * Keeps the map of a module that a plugin compiled. Bun reads no source map of what a plugin gives it, so what it shows are
 * lines of the compiled module. Errors that go home are led back to the sources here; what is printed in the runner is not.
 */
export function keepMap(file: string, { sources, names, mappings }: Payload): void {
  payloads.set(file, { sources, names, mappings });
  maps.delete(file);
}

readStacksBy((stack) =>
  stack.replace(/(\/[^\s():]+):(\d+):(\d+)/g, (place, file: string, line: string, column: string) => {
    const entry = mapOf(file)?.findEntry(Number(line) - 1, Number(column) - 1);
    if (entry === undefined || !("originalSource" in entry)) return place;
    return `${file}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  }),
);

function mapOf(file: string): SourceMap | undefined {
  const payload = payloads.get(file);
  if (payload === undefined || maps.has(file)) return maps.get(file);
  const map = new SourceMap({ ...payload, file, version: 3, sourcesContent: [], sourceRoot: "" });
  maps.set(file, map);
  return map;
}
