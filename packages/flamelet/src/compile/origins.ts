import type { Node } from "oxc-parser";
import type { Analysis } from "./analysis.ts";
import { analyze } from "./analyze.ts";
import { resolverFor, type Resolve } from "./resolve.ts";
import { passedOn, type PassedOn } from "./exports.ts";
import { moduleName, type ModuleName } from "./module-names.ts";
import { parseModule } from "./parse.ts";
import { readModule } from "./read-module.ts";

/** Where the names of one module come from, also by way of other modules of the app. */
export class Origins {
  readonly #file: string;
  readonly #packageName: string;
  readonly #resolve: Resolve;
  /** What the modules on the way pass on. Kept for one module only: the next may be compiled after they have changed. */
  readonly #passedOn = new Map<string, PassedOn | null>();
  /** Files by importer and specifier; null for what is no module of the app. */
  readonly #files = new Map<string, string | null>();

  constructor(file: string, packageName: string, resolve: Resolve | undefined) {
    this.#file = file;
    this.#packageName = packageName;
    this.#resolve = resolverFor(resolve);
  }

  /**
   * What an expression is called inside of the package: `["flame", "call"]` for that verb, `[]` for the package itself,
   * and null when the expression has nothing to do with it.
   */
  inPackage(expression: Node, bindingOf: Analysis["bindingOf"]): readonly string[] | null {
    const name = moduleName(expression, bindingOf);
    return name === null ? null : this.#follow(name, this.#file, new Set());
  }

  #follow({ specifier, path }: ModuleName, importer: string, seen: Set<string>): readonly string[] | null {
    if (specifier === this.#packageName) return path;
    const [exported, ...rest] = path;
    const file = exported === undefined ? null : this.#resolved(specifier, importer);
    if (exported === undefined || file === null || seen.has(`${file}\n${exported}`)) return null;
    seen.add(`${file}\n${exported}`);
    const passes = this.#read(file);
    const name = passes?.named.get(exported);
    if (name !== undefined) return this.#follow({ ...name, path: [...name.path, ...rest] }, file, seen);
    // `export *` leaves the default out.
    if (passes === null || exported === "default") return null;
    for (const from of passes.all) {
      const found = this.#follow({ specifier: from, path }, file, seen);
      if (found !== null) return found;
    }
    return null;
  }

  #resolved(specifier: string, importer: string): string | null {
    const key = `${importer}\n${specifier}`;
    let file = this.#files.get(key);
    if (file === undefined) {
      file = this.#resolve(specifier, importer);
      this.#files.set(key, file);
    }
    return file;
  }

  #read(file: string): PassedOn | null {
    const known = this.#passedOn.get(file);
    if (known !== undefined) return known;
    const source = readModule(file);
    const parsed = source === null ? null : parseModule(source, file);
    const passes = parsed === null ? null : passedOn(parsed.program, analyze(parsed.program));
    this.#passedOn.set(file, passes);
    return passes;
  }
}
