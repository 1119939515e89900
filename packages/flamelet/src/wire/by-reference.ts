import { OptionError } from "../errors.ts";

/**
 * Live things stay where they are, and the other side gets a stand-in. This keeps which things were marked so by their
 * owner, and which are stand-ins for something that lives elsewhere.
 */

/** Where a stand-in leads: the session that made it, and the id that the other side knows the original by. */
export interface Origin {
  readonly owner: object;
  readonly id: number;
}

interface Tables {
  readonly callbacks: WeakSet<object>;
  /** What `ref` returned, and what it stands for. */
  readonly targets: WeakMap<object, object>;
  readonly wrappers: WeakMap<object, object>;
  readonly origins: WeakMap<object, Origin>;
  lastExportId: number;
  /** Whether there has ever been a reference: most apps have none, and need not look each object up. */
  anyRefs: boolean;
}

// One set of tables per process, as in registry.ts.
const KEY = Symbol.for("flamelet.by-reference.1");
const host = globalThis as { [KEY]?: Tables };
const tables: Tables = (host[KEY] ??= {
  callbacks: new WeakSet(),
  targets: new WeakMap(),
  wrappers: new WeakMap(),
  origins: new WeakMap(),
  lastExportId: 0,
  anyRefs: false,
});

/** Marks a function as one that stays here and is called from the other side. Returns it unchanged. */
export function callback<F extends (...args: never[]) => unknown>(fn: F): F {
  if (typeof fn !== "function") throw new OptionError(`flame.callback takes a function, got ${typeof fn}`);
  tables.callbacks.add(fn);
  return fn;
}

export function isCallback(fn: object): boolean {
  return tables.callbacks.has(fn);
}

/**
 * Gives a wrapper of `object` that crosses by reference: the object stays here, and its methods are called from the other
 * side. The object itself is not marked, so that returning it without `ref` elsewhere never shares it by accident. On this
 * side the wrapper works like the object.
 */
export function ref<T extends object>(object: T): T {
  if (typeof object !== "object" || object === null)
    throw new OptionError(`flame.ref takes an object, got ${object === null ? "null" : typeof object}`);
  if (tables.targets.has(object)) return object;
  const known = tables.wrappers.get(object);
  if (known !== undefined) return known as T;
  const wrapper = new Proxy(object, {
    // Methods run on the object itself, since private fields do not exist on a proxy.
    get(target, key) {
      const value: unknown = Reflect.get(target, key);
      const fixed = Reflect.getOwnPropertyDescriptor(target, key)?.configurable === false;
      return typeof value === "function" && !fixed ? value.bind(target) : value;
    },
    set: (target, key, value) => Reflect.set(target, key, value),
  });
  tables.anyRefs = true;
  tables.wrappers.set(object, wrapper);
  tables.targets.set(wrapper, object);
  return wrapper;
}

/** Whether it is a wrapper made by `ref`. */
export function isRef(value: object): boolean {
  return tables.anyRefs && tables.targets.has(value);
}

/** The object that a wrapper made by `ref` stands for. */
export function refTarget(value: object): object | undefined {
  return tables.targets.get(value);
}

/**
 * The methods of an object by name, in a fixed order: its own, then those of its classes up to `Object.prototype`. No
 * getter is invoked, and `constructor` is left out.
 */
export function methodsOf(object: object): Map<string, (...args: unknown[]) => unknown> {
  const methods = new Map<string, (...args: unknown[]) => unknown>();
  const seen = new Set<string>(["constructor"]);
  for (let level: object | null = object; level !== null; level = Object.getPrototypeOf(level)) {
    // The prototype that has none itself is Object.prototype, of this realm or another; an object without one is its own end.
    if (level !== object && Object.getPrototypeOf(level) === null) break;
    for (const name of Object.getOwnPropertyNames(level)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const value: unknown = Object.getOwnPropertyDescriptor(level, name)?.value;
      if (typeof value === "function") methods.set(name, value as (...args: unknown[]) => unknown);
    }
  }
  return methods;
}

/** Notes that `value` stands for something that lives elsewhere, so that it travels back there as itself. */
export function markImported(value: object, origin: Origin): void {
  tables.origins.set(value, origin);
}

/** Where a stand-in leads, if `value` is one. */
export function originOf(value: object): Origin | undefined {
  return tables.origins.get(value);
}

/** A new id for something that stays here. Unique in this process, so that sessions cannot mix theirs up. */
export function nextExportId(): number {
  tables.lastExportId += 1;
  return tables.lastExportId;
}
