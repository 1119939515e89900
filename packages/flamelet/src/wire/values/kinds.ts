import { byteKinds } from "./bytes.ts";
import { classKind } from "./classes.ts";
import { errorKinds } from "./errors.ts";
import { httpKinds } from "./http.ts";
import type { ValueKind } from "./kind.ts";
import { liveKinds } from "./live.ts";
import { streamKinds } from "./streams.ts";

/** In the order in which they are asked: a codec of the class goes before anything that the class extends. */
const kinds: readonly ValueKind[] = [
  classKind,
  ...byteKinds,
  ...errorKinds,
  ...liveKinds,
  ...httpKinds,
  ...streamKinds,
];

const byTag = new Map<string, ValueKind>(kinds.map((kind) => [kind.tag, kind]));
const byPrototype = new Map<object, ValueKind>(
  kinds.flatMap((kind) => (kind.prototypes ?? []).map((prototype): [object, ValueKind] => [prototype, kind])),
);
const asked = kinds.filter((kind) => kind.matches !== undefined);

/** What kind of value this is, if it is one of ours. */
export function kindOf(value: object, prototype: object): ValueKind | undefined {
  return byPrototype.get(prototype) ?? asked.find((kind) => kind.matches?.(value));
}

/** The kind that a tag from the wire names. */
export function kindTagged(tag: string): ValueKind | undefined {
  return byTag.get(tag);
}
