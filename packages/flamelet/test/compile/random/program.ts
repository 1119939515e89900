import { Names } from "./scopes.ts";
import { Tape } from "./tape.ts";

const NUMBERS = ["a", "b", "c", "d", "e"] as const;
const FUNCTIONS = ["f", "g", "h"] as const;
const DEPTH = 8;

/**
 * Writes a module with a few names, declared again and again in every way in which names can be declared, and with closures
 * given to `flame` wherever an expression may stand. All of it ends, and what it exports gives what it has seen.
 */
export function program(numbers: readonly number[]): string {
  // Most of the choices are those of what is run.
  const quarter = Math.floor(numbers.length / 4);
  const module = new Names(null, true, 0);
  const declarations = new Writer(new Tape(numbers.slice(0, quarter))).declarations(module);
  const writer = new Writer(new Tape(numbers.slice(quarter)));
  const run = module.inner(true);
  return `"use strict";
const { flame } = require("flamelet");
${declarations}
${module.vars.length > 0 ? `var ${module.vars.join(", ")};` : ""}
module.exports = function run(${writer.parameters(run)}) {
const out = [];
${writer.body(run.body(true), 6)}
return out;
};
`;
}

class Writer {
  readonly #tape: Tape;
  #depth = 0;
  #labels = 0;
  /** Whether `out` can be reached: it would be a captured object elsewhere. */
  #sees = true;

  constructor(tape: Tape) {
    this.#tape = tape;
  }

  /** Names of a block, all declared at its head, so that nothing is used before. */
  declarations(names: Names): string {
    const texts: string[] = [];
    // One choice for all of them: each is a bit of it.
    const free = <N extends string>(from: readonly N[], rarely = false): N[] => {
      const chosen = this.#tape.below(64) & (rarely ? this.#tape.below(64) : 63);
      return from.filter((name, bit) => !names.has(name) && (chosen >> bit) % 2 === 1);
    };
    const vars = names.isFunction ? free(NUMBERS, true) : [];
    for (const name of vars) names.declareVar(name);
    const declared = free(NUMBERS, names.isModule).map((name) => {
      const kind = this.#tape.pick(["const", "let"]);
      return { kind, name: names.declare(name, "number", kind === "let", false) };
    });
    const functions = free(FUNCTIONS, true).map((name) => names.declare(name, "function", false, false));
    for (const { kind, name } of declared) {
      const init = this.#small(names);
      texts.push(
        this.#tape.pick([
          `${kind} ${name.name} = ${init};`,
          `${kind} { ${name.name} } = { ${name.name}: ${init} };`,
          `${kind} [${name.name} = ${init}] = [];`,
          `${kind} { x: { ...${name.name}$ }, y: ${name.name} = ${init} } = { x: { z: 1 } };`,
        ]),
      );
      name.ready = true;
    }
    for (const fn of functions) {
      texts.push(this.#deeper(() => this.#function(names, fn.name), `const ${fn.name} = () => 5;`));
      fn.ready = true;
    }
    return texts.join("\n");
  }

  #function(names: Names, name: string): string {
    const own = names.inner(true);
    const saw = this.#sees;
    this.#sees = false;
    const form = this.#tape.below(4);
    const called = this.#ownName(own, form === 3);
    const params = this.parameters(own);
    const inside = form === 2 ? own : own.body(true);
    const body = form === 2 ? "" : this.body(inside, 2);
    const value = this.number(inside);
    this.#sees = saw;
    if (form === 0) return `function ${name}(${params}) {\n${body}\nreturn ${value};\n}`;
    if (form === 1) return `const ${name} = (${params}) => {\n${body}\nreturn ${value};\n};`;
    if (form === 2) return `const ${name} = (${params}) => ${value};`;
    return `const ${name} = function ${called}(${params}) {\n${body}\nreturn ${value};\n};`;
  }

  parameters(names: Names): string {
    const count = this.#tape.below(3);
    const texts: string[] = [];
    const chosen = NUMBERS.filter(() => this.#tape.below(2) === 1).slice(0, count);
    const declared = chosen.map((name) => names.declare(name, "number", true, false));
    for (const [index, name] of declared.entries()) {
      const init = this.#small(names);
      const patterns = [`[, ${name.name} = ${init}] = []`, `[...[${name.name} = ${init}]] = []`];
      texts.push(
        this.#tape.pick([
          `${name.name} = ${init}`,
          `{ ${name.name} = ${init} } = {}`,
          `{ [\`k\${${init}}\`]: ${name.name} = ${init} } = { k1: 1 }`,
          // The first one is given a number, which cannot be taken apart like this.
          ...(index === 0 ? [] : patterns),
        ]),
      );
      name.ready = true;
    }
    return texts.join(", ");
  }

  body(names: Names, size: number): string {
    const texts = [this.declarations(names)];
    for (let i = 0; i < size && !this.#tape.spent; i++) texts.push(this.#deeper(() => this.#statement(names), ";"));
    // A block at the end is enough for them to be there from the head on.
    if (names.vars.length > 0) texts.push(`{ var ${names.vars.join(", ")}; }`);
    return texts.join("\n");
  }

  #statement(names: Names): string {
    const see = (text: string): string => (this.#sees ? `out.push(${text});` : `void ${text};`);
    const block = (inner: Names): string => `{\n${this.body(inner, 2)}\n}`;
    switch (this.#tape.below(18)) {
      case 0:
      case 1:
        return see(this.number(names));
      case 2:
      case 13:
      case 14:
        return see(this.#remote(names));
      case 3: {
        const target = this.#name(names.writable());
        if (target === null) return see(this.number(names));
        const value = this.number(names);
        return this.#tape.pick([
          `${target} = ${value};`,
          `${target} += ${value};`,
          `${target}++;`,
          `[${target} = ${value}] = [];`,
          `({ x: ${target} } = { x: ${value} });`,
        ]);
      }
      case 4: {
        const name = this.#tape.pick(NUMBERS);
        const value = this.number(names);
        if (!names.mayHaveVar(name)) return see(value);
        return `var ${name} = ${value};`;
      }
      case 5:
        return block(names.inner(false));
      case 6:
        return `if (${this.number(names)}) ${block(names.inner(false))} else ${block(names.inner(false))}`;
      case 7: {
        const loop = names.inner(false);
        const name = this.#tape.pick(NUMBERS);
        loop.declare(name, "number", false, true);
        return `for (let ${name} = 0; ${name} < 2; ${name}++) ${block(loop.inner(false))}`;
      }
      case 8: {
        const loop = names.inner(false);
        const name = this.#tape.pick(NUMBERS);
        const item = loop.declare(name, "number", false, false);
        const items = `[${this.number(loop)}, ${this.number(loop)}]`;
        item.ready = true;
        return this.#tape.pick([
          `for (const ${name} of ${items}) ${block(loop.inner(false))}`,
          `for (const [, ${name}] of ${items}.entries()) ${block(loop.inner(false))}`,
        ]);
      }
      case 9:
      case 15:
      case 16: {
        const caught = names.inner(false);
        const name = this.#tape.pick(NUMBERS);
        caught.declare(name, "number", false, true);
        const param = this.#tape.pick([name, `{ ${name} }`]);
        const tried = names.inner(false);
        const body = this.body(tried, 1);
        const thrown = param === name ? this.number(tried) : `{ ${name}: ${this.number(tried)} }`;
        return `try {\n${body}\nthrow ${thrown};\n} catch (${param}) ${block(caught.body(false))}`;
      }
      case 10: {
        const inner = names.inner(false);
        return `switch (${this.number(names)}) {\ncase 0:\ndefault:\n${this.body(inner, 2)}\n}`;
      }
      case 11: {
        const label = `${this.#tape.pick(NUMBERS)}${this.#tape.pick(["", (this.#labels += 1)])}`;
        return this.#labelled(label, names);
      }
      default:
        return `void function () {\n${this.#unseen(() => this.body(names.inner(true), 2))}\n}();`;
    }
  }

  readonly #openLabels = new Set<string>();

  /** A label may be called like a variable. */
  #labelled(label: string, names: Names): string {
    if (this.#openLabels.has(label)) return ";";
    this.#openLabels.add(label);
    const text = `${label}: {\n${this.body(names.inner(false), 2)}\nbreak ${label};\n}`;
    this.#openLabels.delete(label);
    return text;
  }

  /** A number that is not most of the program. */
  #small(names: Names): string {
    const depth = this.#depth;
    this.#depth = Math.max(depth, DEPTH - 2);
    const text = this.number(names);
    this.#depth = depth;
    return text;
  }

  number(names: Names): string {
    return this.#deeper(() => this.#expression(names), String(this.#depth));
  }

  #expression(names: Names): string {
    const of = (inner: Names = names): string => this.number(inner);
    switch (this.#tape.below(20)) {
      case 0:
        return this.#name(names.usable("number")) ?? "1";
      case 1:
        return String(this.#tape.below(4));
      case 2:
      case 3:
      case 15:
      case 16:
        return this.#name(names.usable("number")) ?? "2";
      case 4:
        return `(${of()} + ${of()})`;
      case 5:
        return `(${of()} ? ${of()} : ${of()})`;
      case 6:
        return `\`\${${of()}}\`.length`;
      case 7: {
        const fn = this.#name(names.callable());
        return fn === null ? of() : `${fn}(${this.#tape.pick(["", of()])})`;
      }
      case 8: {
        const own = names.inner(true);
        return `((${this.parameters(own)}) => ${this.#unseen(() => of(own))})(${of()})`;
      }
      case 9: {
        const own = names.inner(true);
        const name = this.#tape.pick(NUMBERS);
        own.declare(name, "number", true, true);
        return `[${of()}, ${of()}].map((${name}) => ${this.#unseen(() => of(own))})[1]`;
      }
      case 10: {
        const name = this.#name(names.usable("number"));
        return name === null ? of() : `({ ${name} }).${name}`;
      }
      case 11:
        return `({ [\`k\${${of()}}\`]: ${of()}, k1: ${of()} }).k1`;
      case 12: {
        const own = names.inner(true);
        return `new (class { static s = ${of()}; x = ${this.#unseen(() => of(own))}; get y() { return this.x; } })().y`;
      }
      case 13: {
        const name = this.#tape.pick(NUMBERS);
        return `(typeof ${this.#name(names.usable("number").filter((each) => each.name === name)) ?? "nowhere"}).length`;
      }
      default:
        return this.#remote(names);
    }
  }

  /** A closure that is given to a verb. It has a level of its own: what is declared outside, it captures. */
  #remote(names: Names): string {
    return this.#deeper(
      () =>
        this.#unseen(() => {
          const form = this.#tape.below(7);
          const own = names.inner(true, names.level + 1);
          const block = (params: string, arrow = ""): string => {
            const inside = own.body(true);
            return `(${params}) ${arrow}{\n${this.body(inside, 2)}\nreturn ${this.number(inside)};\n}`;
          };
          // All that may be captured at once, or whatever comes.
          const all = names.usable("number").map(({ name }) => name);
          if (form === 6) return `flame.call("p", () => [${all.join(", ")}].join().length)`;
          if (form === 0) return `flame.call("p", () => ${this.number(own)})`;
          if (form === 1) return `flame.call("p", (_, ${this.parameters(own)}) => ${this.number(own)})`;
          const called = this.#ownName(own, form === 2);
          if (form === 2) return `flame.cast("p", function ${called}${block("")})`;
          if (form === 3) return `flame.place("p", ${block(this.parameters(own), "=> ")})`;
          if (form === 4) {
            const item = this.#tape.pick(NUMBERS);
            const items = `[${this.number(names)}, ${this.number(names)}]`;
            own.declare(item, "number", true, true);
            return `flame.map("p", ${items}, (${item}) => ${this.number(own)})[0]`;
          }
          return `flame.stream("p", function* () { yield ${this.number(own)}; yield* [${this.number(own)}]; })[1]`;
        }),
      "3",
    );
  }

  /** The name that a function expression has for itself. It hides others, and is never used: it would not end. */
  #ownName(names: Names, isExpression: boolean): string {
    const name = isExpression ? this.#tape.pick(["", ...FUNCTIONS]) : "";
    if (name !== "") names.declare(name, "function", false, false);
    return name;
  }

  #name(names: readonly { readonly name: string }[]): string | null {
    // The nearest ones come first, and are what goes wrong.
    const among = this.#tape.below(2) === 0 ? names.slice(0, 1) : names;
    return among.length === 0 ? null : this.#tape.pick(among).name;
  }

  #unseen(write: () => string): string {
    const saw = this.#sees;
    this.#sees = false;
    const labels = [...this.#openLabels];
    this.#openLabels.clear();
    const text = write();
    for (const label of labels) this.#openLabels.add(label);
    this.#sees = saw;
    return text;
  }

  #deeper(write: () => string, atTheEnd: string): string {
    if (this.#depth >= DEPTH || this.#tape.spent) return atTheEnd;
    this.#depth += 1;
    const text = write();
    this.#depth -= 1;
    return text;
  }
}
