import type { Node } from "oxc-parser";

/** What a name was declared as. `name` is the own name of a function expression. */
export type BindingKind =
  | "import"
  | "var"
  | "let"
  | "const"
  | "param"
  | "catch"
  | "function"
  | "class"
  | "enum"
  | "namespace";

/** Where the value of a binding comes from, as far as that can be read off the source. */
export type Origin =
  | { readonly from: "import"; readonly specifier: string; readonly imported: string }
  /** The value of `init`, or of the property at `path` in it. */
  | { readonly from: "value"; readonly init: Node; readonly path: readonly string[] }
  | null;

/** One declared name. */
export interface Binding {
  readonly name: string;
  readonly kind: BindingKind;
  readonly scope: Scope;
  readonly origin: Origin;
  /** Whether anything but its declaration gives it a value. */
  reassigned: boolean;
}

/** One use of a name as a value. */
export interface Reference {
  readonly name: string;
  readonly node: Node;
  readonly scope: Scope;
  /** Whether it gives the name a new value: assignment, update, `delete`, or the target of a destructuring or a loop. */
  readonly writes: boolean;
}

/** A region of the source with names of its own. `function` regions, and the module, are where `var` declares. */
export class Scope {
  readonly kind: "module" | "function" | "block";
  readonly parent: Scope | null;
  readonly start: number;
  readonly end: number;
  readonly #bindings = new Map<string, Binding>();

  constructor(kind: Scope["kind"], parent: Scope | null, node: { readonly start: number; readonly end: number }) {
    this.kind = kind;
    this.parent = parent;
    this.start = node.start;
    this.end = node.end;
  }

  declare(name: string, kind: BindingKind, origin: Origin): void {
    const earlier = this.#bindings.get(name);
    this.#bindings.set(name, {
      name,
      kind,
      origin,
      scope: this,
      reassigned: earlier !== undefined,
    });
  }

  /** The binding that `name` means here, or undefined when it is a global. Correct once the whole module was read. */
  find(name: string): Binding | undefined {
    return this.#bindings.get(name) ?? this.parent?.find(name);
  }

  /** Where a `var` that stands here declares its name. */
  get varScope(): Scope {
    return this.kind === "block" && this.parent !== null ? this.parent.varScope : this;
  }
}
