/**
 * Which modules of the app may hand `flame` on to others, told from their text alone. A module may import it from
 * `./pools.ts` under any name, and never mention the package; to find that out by parsing would parse the whole app. So a
 * module that does not mention the package is parsed only when it imports one that does and that passes on what it imports,
 * or that passes on what such a one exports. Others cost a search of their text, and of that of what they import, each
 * read once.
 *
 * Loads no parser, so that a host can ask before it loads the compiler.
 */
import { dirname } from "node:path";
import { readModule, statModule } from "./read-module.ts";
import { resolverFor, type Resolve } from "./resolve.ts";

/** Where a module is, as far as finding `flame` in it goes. */
export interface MarkerOptions {
  readonly file: string;
  readonly packageName?: string | undefined;
  readonly resolve?: Resolve | undefined;
}

/** Whether a module is worth parsing: it mentions the package, or imports a module that may hand it on. */
export function mayHaveClosures(source: string, { file, packageName = "flamelet", resolve }: MarkerOptions): boolean {
  if (source.includes(packageName)) return true;
  const search = currentSearch(packageName, resolve);
  return search.imports(source, file).some((imported) => imported !== file && search.leads(imported));
}

/** How long what was found out is held for true, in ms. A build asks thousands of times in that time; a person saves once. */
const FRESH = 100;

let current: {
  readonly search: Search;
  readonly packageName: string;
  readonly resolve: unknown;
  readonly born: number;
};

function currentSearch(packageName: string, resolve: Resolve | undefined): Search {
  const now = performance.now();
  if (current?.packageName !== packageName || current.resolve !== resolve || now - current.born > FRESH)
    current = { search: new Search(packageName, resolve), packageName, resolve, born: now };
  return current.search;
}

/** A look at the modules of the app as they are at one time. */
class Search {
  readonly #packageName: string;
  readonly #resolve: Resolve;
  readonly #relativeOnly: boolean;
  readonly #known = new Map<string, boolean>();
  /** Files by folder and specifier; null for what is no module of the app. */
  readonly #resolved = new Map<string, Map<string, string | null>>();

  constructor(packageName: string, resolve: Resolve | undefined) {
    this.#packageName = packageName;
    this.#resolve = resolverFor(resolve);
    this.#relativeOnly = resolve === undefined;
  }

  /** Whether a module may export something of the package, perhaps by way of others. */
  leads(file: string): boolean {
    const seen = new Set<string>();
    const found = this.#leads(file, seen);
    // In a circle of imports only the first answer is about all of it. A no is about all that was looked at.
    if (found) this.#known.set(file, true);
    else for (const each of seen) this.#known.set(each, false);
    return found;
  }

  #leads(file: string, seen: Set<string>): boolean {
    const known = this.#known.get(file);
    if (known !== undefined || seen.has(file)) return known === true;
    seen.add(file);
    const source = passingSource(file);
    if (source === null) return false;
    if (source.includes(this.#packageName)) return true;
    return this.imports(source, file).some((imported) => this.#leads(imported, seen));
  }

  /** The modules of the app that a module may import. */
  imports(source: string, file: string): string[] {
    const folder = dirname(file);
    const resolved = this.#resolved.get(folder) ?? new Map<string, string | null>();
    this.#resolved.set(folder, resolved);
    const files: string[] = [];
    for (const specifier of specifiersIn(source, this.#relativeOnly)) {
      let imported = resolved.get(specifier);
      if (imported === undefined) {
        imported = this.#resolve(specifier, file);
        resolved.set(specifier, imported);
      }
      if (imported !== null) files.push(imported);
    }
    return files;
  }
}

interface Kept {
  readonly changed: number;
  readonly size: number;
  /** The text of a module that passes something on; null for all others, so that few are kept. */
  readonly source: string | null;
}

const kept = new Map<string, Kept>();

/** The text of a module that may export what it did not make, read again when it has changed; null for all others. */
function passingSource(file: string): string | null {
  const stat = statModule(file);
  if (stat === null) return null;
  const known = kept.get(file);
  if (known?.changed === stat.mtimeMs && known.size === stat.size) return known.source;
  const source = readModule(file);
  const passes = source !== null && PASSES_ON.test(source) ? source : null;
  kept.set(file, { changed: stat.mtimeMs, size: stat.size, source: passes });
  return passes;
}

/** The forms in which a module exports what it did not make. Finds too much rather than too little. */
const PASSES_ON =
  /\bexport\s*(?:[*{]|default\s+[\w$.()]+\s*(?:;|$|\bas\b|\bsatisfies\b)|const\s*(?:\{[^}]*\}|[\w$]+)(?:[^=\n]|=>)*=\s*[\w$.!?()"'/@ -]+(?:;|,|$|\bas\b|\bsatisfies\b))|\bexports\b/m;

const ANY = /(["'])([^"'\s]+)\1/g;
const RELATIVE = /(["'])(\.\.?\/[^"'\n]+)\1/g;

/** Every string of a text that may be what it imports. There are more, and none of them is a module of the app. */
function specifiersIn(source: string, relativeOnly: boolean): string[] {
  return Array.from(source.matchAll(relativeOnly ? RELATIVE : ANY), ([, , specifier = ""]) => specifier);
}
