import { types } from "node:util";
import { SerializationError } from "../../errors.ts";
import { codecNamed, codecOf, hasStaticCodec } from "../class-codecs.ts";
import { describe, messageOf } from "../unsendable.ts";
import { cannot, fieldCount, textField, type ValueKind } from "./kind.ts";

/** Instances of classes of the app that have a codec. */
export const classKind: ValueKind = {
  tag: "class",
  nests: true,
  matches(value) {
    const prototype = Object.getPrototypeOf(value) as object;
    return codecOf(prototype) !== undefined || hasStaticCodec(prototype);
  },
  reduce(value: object, out) {
    const prototype = Object.getPrototypeOf(value) as object;
    const codec = codecOf(prototype);
    const found = describe(value);
    if (codec === undefined)
      throw cannot(found, "its class has a static codec but was not registered with flame.codec");
    if (codecNamed(codec.name) !== codec)
      throw cannot(found, `another class was registered as "${codec.name}": give flame.codec a name`);
    let plain: unknown;
    try {
      plain = codec.encode(value);
    } catch (error) {
      throw cannot(found, `its codec threw: ${messageOf(error)}`, error);
    }
    if (types.isPromise(plain)) throw cannot(found, "its codec returned a promise, and encoding does not wait");
    if (types.isNativeError(value)) out.later(value, { stack: (value as Error).stack }, {});
    return [codec.name, plain];
  },
  revive(fields, inbound) {
    fieldCount(fields, 2, "instance of a class");
    const name = textField(fields[0], "instance of a class");
    const codec = codecNamed(name);
    if (codec === undefined) throw new SerializationError(`no class was registered as "${name}" on this side`);
    let instance: unknown;
    try {
      instance = codec.decode(fields[1]);
    } catch (error) {
      throw new SerializationError(`the codec of class "${name}" threw: ${messageOf(error)}`, "", { cause: error });
    }
    if (types.isNativeError(instance)) inbound.madeError(instance);
    return instance;
  },
};
