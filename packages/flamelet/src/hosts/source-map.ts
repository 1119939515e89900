import { readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { OriginalOf } from "../compile/original.ts";

const COMMENT = /^\/\/[#@] sourceMappingURL=(\S+)[ \t]*$/gm;

/**
 * Reads the source map that a module came with, when another tool has made it (`tsx` in memory, `tsc` on disk). Returns
 * undefined when there is none, or none that can be read: the module then is its own original.
 */
export function mapOfModule(source: string, url: string): OriginalOf | undefined {
  const target = [...source.matchAll(COMMENT)].at(-1)?.[1];
  if (target === undefined) return undefined;
  let map: SourceMap;
  try {
    map = new SourceMap(JSON.parse(read(new URL(target, url))) as SourceMapPayload);
  } catch {
    return undefined;
  }
  return (line, column) => {
    const entry = map.findEntry(line, column);
    if (!("originalSource" in entry) || typeof entry.originalSource !== "string") return null;
    const file = fileOf(new URL(entry.originalSource, new URL(target.startsWith("data:") ? "" : target, url)));
    return file === null ? null : { file, line: entry.originalLine, column: entry.originalColumn };
  };
}

/** The code with its map in a comment at its end, where Node looks for it. */
export function inlineMap(code: string, map: { readonly sources: readonly string[] }): string {
  const sources = map.sources.map((file) => pathToFileURL(file).href);
  const json = Buffer.from(JSON.stringify({ ...map, sources, sourcesContent: undefined }));
  return `${code}//# sourceMappingURL=data:application/json;base64,${json.toString("base64")}\n`;
}

function read(url: URL): string {
  if (url.protocol === "file:") return readFileSync(url, "utf8");
  const [, base64, data = ""] = /^application\/json(?:;charset=[\w-]+)?(;base64)?,(.*)$/.exec(url.pathname) ?? [];
  return base64 === undefined ? decodeURIComponent(data) : Buffer.from(data, "base64").toString();
}

function fileOf(url: URL): string | null {
  return url.protocol === "file:" ? fileURLToPath(url) : null;
}
