import { OptionError } from "../errors.ts";

/** The key of a class's static method that turns an instance into a plain value: `flame.codec.encode`. */
export const encodeKey: unique symbol = Symbol.for("flamelet.encode");
/** The key of a class's static method that turns the plain value back into an instance: `flame.codec.decode`. */
export const decodeKey: unique symbol = Symbol.for("flamelet.decode");

/** How instances of one class cross. */
export interface ClassCodec<T extends object, P = unknown> {
  /** What the class is called on the wire; unique in the app. Default: the name of the class. */
  readonly name?: string;
  /** Gives what is needed to make an equal instance. May contain anything that crosses, but not the instance itself. */
  encode(instance: T): P;
  /** Makes the instance, on the other side. */
  decode(plain: P): T;
}

/** A class with a codec of its own, in two static methods. */
export interface SelfCodedClass<T extends object, P = any> {
  new (...args: never[]): T;
  [encodeKey](instance: T): P;
  [decodeKey](plain: P): T;
}

/** A class as the codec uses it. */
export interface RegisteredClass {
  readonly name: string;
  readonly prototype: object;
  readonly encode: (instance: object) => unknown;
  readonly decode: (plain: unknown) => object;
}

interface Tables {
  readonly byName: Map<string, RegisteredClass>;
  readonly byPrototype: WeakMap<object, RegisteredClass>;
}

// One set of tables per process, as in registry.ts.
const KEY = Symbol.for("flamelet.class-codecs.1");
const host = globalThis as { [KEY]?: Tables };
const tables: Tables = (host[KEY] ??= { byName: new Map(), byPrototype: new WeakMap() });

/**
 * Lets instances of a class cross. Call it where the class is defined, so that parent and runners, which load the same
 * modules, both know it. Subclasses need codecs of their own. A class defined again under the same name, as hot reloading
 * does, replaces the older one.
 *
 * ```ts
 * flame.codec(Money, { encode: (m) => [m.cents, m.currency], decode: ([cents, currency]) => new Money(cents, currency) });
 * ```
 *
 * Without a second argument, the class has static methods under `flame.codec.encode` and `flame.codec.decode`.
 */
export function defineCodec<T extends object, P>(
  type: abstract new (...args: never[]) => T,
  codec: ClassCodec<T, P>,
): void;
export function defineCodec<T extends object>(type: SelfCodedClass<T>): void;
export function defineCodec(type: Function & { prototype: object }, codec?: ClassCodec<object>): void {
  if (typeof type !== "function" || typeof type.prototype !== "object")
    throw new OptionError(`flame.codec takes a class, got ${type === null ? "null" : typeof type}`);
  const own = type as unknown as Partial<SelfCodedClass<object>>;
  const encode = codec === undefined ? own[encodeKey] : codec.encode;
  const decode = codec === undefined ? own[decodeKey] : codec.decode;
  const receiver = codec ?? type;
  if (typeof encode !== "function" || typeof decode !== "function")
    throw new OptionError(`the codec of class ${type.name} must have both encode and decode`);
  const name = codec?.name ?? type.name;
  if (typeof name !== "string" || name === "")
    throw new OptionError("the codec of a class without a name must have the option name");
  const entry: RegisteredClass = {
    name,
    prototype: type.prototype,
    encode: (instance) => Reflect.apply(encode, receiver, [instance]) as unknown,
    decode: (plain) => Reflect.apply(decode, receiver, [plain]) as object,
  };
  tables.byName.set(name, entry);
  tables.byPrototype.set(type.prototype, entry);
}

/** The codec of the class whose prototype this is: of that very class, not of one that it extends. */
export function codecOf(prototype: object): RegisteredClass | undefined {
  return tables.byPrototype.get(prototype);
}

/** The class that goes by this name on the wire. */
export function codecNamed(name: string): RegisteredClass | undefined {
  return tables.byName.get(name);
}

/** Whether the class has static codec methods of its own. It must still be registered for the other side to find it. */
export function hasStaticCodec(prototype: object): boolean {
  const type: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  return typeof type === "function" && Object.hasOwn(type, encodeKey);
}
