import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ListNode } from "../../src/linked-list.ts";
import { LoadIndex, type Placeable } from "../../src/pool/placement.ts";

class Thing implements Placeable {
  readonly id: string;
  load = 0;
  readonly seat: ListNode<this> = new ListNode<this>(this);
  constructor(id: string) {
    this.id = id;
  }
}

function indexOf(limit: number, loads: Record<string, number>): { index: LoadIndex<Thing>; things: Thing[] } {
  const index = new LoadIndex<Thing>(limit);
  const things = Object.entries(loads).map(([id, load]) => {
    const thing = new Thing(id);
    index.add(thing);
    index.setLoad(thing, load);
    return thing;
  });
  return { index, things };
}

test("pack takes the fullest with a free slot, spread the emptiest", () => {
  const { index } = indexOf(3, { empty: 0, some: 1, most: 2, full: 3 });
  assert.equal(index.pick("pack")?.id, "most");
  assert.equal(index.pick("spread")?.id, "empty");
  assert.equal(index.free, 3 + 2 + 1);
});

test("D13: among equals pack takes the one used last, so that the others stay idle; spread the one used first", () => {
  const { index, things } = indexOf(1, { a: 0, b: 0, c: 0 });
  const a = things[0]!;
  index.setLoad(a, 1);
  index.setLoad(a, 0);
  assert.equal(index.pick("pack")?.id, "a");
  assert.equal(index.pick("spread")?.id, "b");
});

test("who is excluded is passed over, in either direction", () => {
  const { index } = indexOf(2, { a: 0, b: 0, c: 1 });
  assert.equal(index.pick("pack", new Set(["c"]))?.id, "b");
  assert.equal(index.pick("spread", new Set(["a"]))?.id, "b");
  assert.equal(index.pick("pack", new Set(["a", "b", "c"])), undefined);
});

test("nobody is picked when all are full, or none is left", () => {
  const { index, things } = indexOf(1, { a: 1, b: 1 });
  assert.equal(index.pick("pack"), undefined);
  for (const thing of things) index.remove(thing);
  assert.equal(index.pick("spread"), undefined);
  assert.equal(index.free, 0);
});

test("a lower limit takes no slot away, and gives none; a higher one gives more", () => {
  const { index, things } = indexOf(4, { a: 3, b: 0 });
  index.setLimit(2);
  assert.equal(index.free, 2);
  assert.equal(index.pick("pack")?.id, "b");
  index.setLoad(things[0]!, 1);
  assert.equal(index.free, 3);
  index.setLimit(5);
  assert.equal(index.free, 4 + 5);
});

test("what is not in an index changes its load without being counted", () => {
  const { index, things } = indexOf(2, { a: 1 });
  const a = things[0]!;
  index.remove(a);
  index.remove(a);
  index.setLoad(a, 0);
  assert.equal(a.load, 0);
  assert.equal(index.free, 0);
  index.add(a);
  assert.equal(index.free, 2);
});

test("whatever happens, the one that is picked is the one that looking at all of them finds", () => {
  const step = fc.oneof(
    fc.record({ kind: fc.constantFrom("up", "down", "toggle"), at: fc.nat(5) }),
    fc.record({ kind: fc.constant("limit"), at: fc.integer({ min: 1, max: 6 }) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const index = new LoadIndex<Thing>(3);
      const things = Array.from({ length: 6 }, (_, n) => new Thing(String(n)));
      // By when their load last changed.
      let present: Thing[] = [];
      let limit = 3;
      for (const { kind, at } of steps) {
        const thing = things[at];
        if (kind === "limit") index.setLimit((limit = at));
        else if (thing === undefined) continue;
        else if (kind === "toggle") {
          if (present.includes(thing)) index.remove(thing);
          else index.add(thing);
          present = present.includes(thing) ? present.filter((one) => one !== thing) : [...present, thing];
        } else if (kind === "up" || thing.load > 0) {
          index.setLoad(thing, thing.load + (kind === "up" ? 1 : -1));
          if (present.includes(thing)) present = [...present.filter((one) => one !== thing), thing];
        }
        const free = present.filter(({ load }) => load < limit);
        const loads = free.map(({ load }) => load);
        assert.equal(
          index.pick("pack"),
          free.findLast(({ load }) => load === Math.max(...loads)),
        );
        assert.equal(
          index.pick("spread"),
          free.find(({ load }) => load === Math.min(...loads)),
        );
        assert.equal(
          index.free,
          free.reduce((sum, { load }) => sum + limit - load, 0),
        );
      }
    }),
  );
});
