/** A name that a random program has declared. */
export interface Name {
  readonly name: string;
  readonly what: "number" | "function";
  readonly assignable: boolean;
  /** How many remote closures are around the declaration; the module is at -1, since every copy has it. */
  readonly level: number;
  /** Whether it may be used yet: before its declaration was evaluated, using it throws. */
  ready: boolean;
}

/** The names of one block, function or list of parameters. */
export class Names {
  readonly #parent: Names | null;
  readonly isFunction: boolean;
  readonly level: number;
  /** Whether it is the body of what the names around it are parameters of: a body cannot declare those again. */
  readonly #isBody: boolean;
  readonly #own = new Map<string, Name>();
  readonly #vars = new Set<string>();

  constructor(parent: Names | null, isFunction: boolean, level: number, isBody = false) {
    this.#parent = parent;
    this.#isBody = isBody;
    this.isFunction = isFunction;
    this.level = level;
  }

  inner(isFunction: boolean, level: number = this.level): Names {
    return new Names(this, isFunction, level);
  }

  get vars(): string[] {
    return [...this.#vars];
  }

  get isModule(): boolean {
    return this.#parent === null;
  }

  /** What has these names as its parameters. */
  body(isFunction: boolean): Names {
    return new Names(this, isFunction, this.level, true);
  }

  has(name: string): boolean {
    return this.#own.has(name) || (this.#isBody && this.#parent?.has(name) === true);
  }

  declare(name: string, what: Name["what"], assignable: boolean, ready: boolean): Name {
    const declared = { name, what, assignable, level: this.#parent === null ? -1 : this.level, ready };
    this.#own.set(name, declared);
    return declared;
  }

  /** The names that mean something that may be used here, nearest first. What a nearer declaration hides is not among them. */
  usable(what: Name["what"]): Name[] {
    return [...this.#visible().values()].filter((each) => each.what === what && each.ready);
  }

  #visible(): Map<string, Name> {
    const outside = this.#parent === null ? new Map<string, Name>() : this.#parent.#visible();
    return new Map([...this.#own, ...[...outside].filter(([name]) => !this.#own.has(name))]);
  }

  /** Those that a closure could be refused for are left out: captured functions, and captured variables that are written. */
  callable(): Name[] {
    return this.usable("function").filter(({ level }) => level === -1 || level === this.level);
  }

  writable(): Name[] {
    return this.usable("number").filter(
      ({ assignable, level }) => assignable && (level === -1 || level === this.level),
    );
  }

  /** Whether `var` may stand here with that name: its function has one, and nothing nearer forbids it. */
  mayHaveVar(name: string): boolean {
    if (this.isFunction) return this.#vars.has(name);
    return !this.#own.has(name) && this.#parent?.mayHaveVar(name) === true;
  }

  /** A `var` is there from the head of its function on, wherever it stands, if anywhere. */
  declareVar(name: string): void {
    this.declare(name, "number", true, true);
    this.#vars.add(name);
  }
}
