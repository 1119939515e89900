import type { Node } from "oxc-parser";
import { Scope } from "./scope.ts";

/** What is around the place that is being read. */
export class Surroundings {
  /** Where names are looked up. */
  scope: Scope;
  /** Whose `this` and `arguments` are meant; null for those of the module. */
  owner: Node | null = null;
  /** The nearest function, arrow functions included: whose `await` and `yield` are meant. */
  fn: Node | null = null;
  /** Names of the functions, classes and objects, outermost first. */
  path: readonly string[] = [];
  /** Whether a class or a directive of a function makes the code strict, whatever the module is. */
  strict = false;
  /** The classes, innermost last, with the private names that each declares. */
  readonly #classes: { readonly node: Node; readonly names: ReadonlySet<string> }[] = [];

  constructor(module: Node) {
    this.scope = new Scope("module", null, module);
  }

  inScope(kind: "function" | "block", node: Node, read: () => void): void {
    const outside = this.scope;
    this.scope = new Scope(kind, outside, node);
    read();
    this.scope = outside;
  }

  inFunction(node: Node, read: () => void): void {
    const outside = this.fn;
    this.fn = node;
    read();
    this.fn = outside;
  }

  owned(node: Node, read: () => void): void {
    const outside = this.owner;
    this.owner = node;
    read();
    this.owner = outside;
  }

  inPath(name: string | undefined, read: () => void): void {
    const outside = this.path;
    if (name !== undefined) this.path = [...outside, name];
    read();
    this.path = outside;
  }

  strictly(strict: boolean, read: () => void): void {
    const outside = this.strict;
    this.strict ||= strict;
    read();
    this.strict = outside;
  }

  inClass(node: Node, names: ReadonlySet<string>, read: () => void): void {
    this.#classes.push({ node, names });
    read();
    this.#classes.pop();
  }

  /** The class that declares a private name; null when none around does. */
  classWith(privateName: string): Node | null {
    return this.#classes.findLast(({ names }) => names.has(privateName))?.node ?? null;
  }
}
