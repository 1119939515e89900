import assert from "node:assert/strict";
import { test } from "node:test";
import { IdTable, type Numbered } from "../src/id-table.ts";

class Item implements Numbered {
  readonly id: number;
  nextInBucket: this | null = null;
  constructor(id: number) {
    this.id = id;
  }
}

test("it holds what a Map holds, whatever comes and goes", () => {
  const table = new IdTable<Item>();
  const map = new Map<number, Item>();
  let seed = 7;
  const random = (below: number): number => (seed = (seed * 48_271) % 2_147_483_647) % below;
  let next = 1;
  for (let step = 0; step < 20_000; step++) {
    // It fills up to some hundreds, and is emptied, again and again.
    const grows = step % 2_000 < 1_200;
    if (random(10) < (grows ? 7 : 1)) {
      // Some numbers are longer than 32 bits.
      const item = new Item(next++ + (random(8) === 0 ? 2 ** 40 : 0));
      table.add(item);
      map.set(item.id, item);
    } else {
      const item = [...map.values()][random(map.size)] ?? new Item(random(1_000));
      assert.equal(table.remove(item), map.delete(item.id));
      assert.equal(item.nextInBucket, null);
    }
    const asked = random(next);
    assert.equal(table.get(asked), map.get(asked));
    assert.equal(table.size, map.size);
  }
  assert.deepEqual(
    table.all(),
    [...map.values()].toSorted((a, b) => a.id - b.id),
  );
});

test("what is not in it cannot be taken out, though its number is", () => {
  const table = new IdTable<Item>();
  table.add(new Item(5));
  assert.equal(table.remove(new Item(5)), false);
  assert.equal(table.remove(new Item(69)), false, "the same bucket");
  assert.equal(table.size, 1);
});
