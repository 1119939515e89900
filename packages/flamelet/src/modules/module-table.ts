// Whole, since its promises are loaded when somebody first asks for them.
import * as fs from "node:fs";
import { sep } from "node:path";
import { projectFiles } from "./project-files.ts";
import { registrationsIn } from "./registrations.ts";

/** What a table is made of. */
export interface ModuleTableOptions {
  /** Absolute paths of directories, which are searched with all below them. */
  readonly directories: readonly string[];
  /** The app's entry module: of two modules that register the same function, the one nearer to it is meant. */
  readonly near: string;
  /** What `file` is when it is loaded, if it is not what stands there. Default: what stands there. */
  readonly compiled?: (source: string, file: string) => string;
  /** Loads a module of the app, as the app itself would. */
  readonly load: (file: string) => Promise<unknown>;
  /** Whether the function of that id is registered now. */
  readonly known: (id: string) => boolean;
}

interface Candidate {
  readonly hash: string;
  readonly file: string;
}

/**
 * Which module of the app registers which function: for the functions of modules that this copy of the app has not loaded,
 * as those behind an `import()` that nobody came by.
 *
 * It is made from the app's own files, when the first one is missed. What comes over the wire is only ever a key into it: a
 * path that is not in here cannot be loaded, whatever an id says.
 */
export class ModuleTable {
  readonly #options: ModuleTableOptions;
  #candidates: Promise<Map<string, Candidate[]>> | null = null;

  constructor(options: ModuleTableOptions) {
    this.#options = options;
  }

  /** Loads the module that registers a function. Gives whether it is registered then; rejects if the module fails. */
  async load(id: string, hash: string): Promise<boolean> {
    this.#candidates ??= this.#search();
    const candidates = (await this.#candidates).get(id) ?? [];
    // A build may have left chunks of an older one behind it.
    const best = candidates.toSorted((a, b) => Number(b.hash === hash) - Number(a.hash === hash));
    for (const { file } of best) {
      await this.#options.load(file);
      if (this.#options.known(id)) return true;
    }
    return false;
  }

  async #search(): Promise<Map<string, Candidate[]>> {
    const { directories, near } = this.#options;
    const files = new Set((await Promise.all(directories.map(projectFiles))).flat());
    const found = await Promise.all([...files].map((file) => this.#read(file)));
    found.sort((a, b) => shared(b.file, near) - shared(a.file, near) || b.changed - a.changed);
    const candidates = new Map<string, Candidate[]>();
    for (const { file, registrations } of found)
      for (const { id, hash } of registrations) {
        const list = candidates.get(id) ?? [];
        candidates.set(id, list);
        list.push({ hash, file });
      }
    return candidates;
  }

  async #read(file: string) {
    const source = await fs.promises.readFile(file, "utf8").catch(() => "");
    const registrations = registrationsIn(this.#options.compiled?.(source, file) ?? source);
    return { file, registrations, changed: registrations.length === 0 ? 0 : (await fs.promises.stat(file)).mtimeMs };
  }
}

/** How many directories two paths have in common. */
function shared(a: string, b: string): number {
  const [one, other] = [a.split(sep), b.split(sep)];
  const differs = one.findIndex((name, index) => name !== other[index]);
  return differs === -1 ? one.length : differs;
}
