import assert from "node:assert/strict";
import { test } from "node:test";
import { FairQueue } from "../../src/pool/queue.ts";

function drained<T>(queue: FairQueue<T>): T[] {
  const all: T[] = [];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) all.push(next);
  return all;
}

test("Q1: a new queue is empty", () => {
  const queue = new FairQueue<number>();
  assert.equal(queue.size, 0);
  assert.deepEqual([...queue], []);
});

test("Q2: what joins is there, and can be taken out by its place", () => {
  const queue = new FairQueue<number>();
  const place = queue.push(7);
  assert.equal(queue.size, 1);
  assert.deepEqual([...queue], [7]);
  assert.equal(queue.remove(place), true);
  assert.equal(queue.size, 0);
});

test("Q3: first come, first served, also after it was empty", () => {
  const queue = new FairQueue<number>();
  for (const n of [1, 2, 3, 4, 5, 6, 7, 8]) queue.push(n);
  assert.deepEqual(drained(queue), [1, 2, 3, 4, 5, 6, 7, 8]);
  queue.push(9);
  queue.push(10);
  assert.deepEqual(drained(queue), [9, 10]);
});

test("Q4: nobody is next in an empty queue", () => {
  assert.equal(new FairQueue<number>().shift(), undefined);
});

test("Q5, Q8: who leaves, from the front, the middle or the end, is not served, and the rest keep their order", () => {
  const queue = new FairQueue<number>();
  const places = [1, 2, 3, 4, 5].map((n) => queue.push(n));
  for (const index of [0, 2, 4]) assert.equal(queue.remove(places[index]!), true);
  assert.equal(queue.size, 2);
  queue.push(6);
  assert.deepEqual(drained(queue), [2, 4, 6]);
  assert.equal(queue.size, 0);
});

test("Q6, Q7, Q9: leaving twice, or after having been served, does nothing", () => {
  const queue = new FairQueue<number>();
  const first = queue.push(1);
  const second = queue.push(2);
  queue.push(3);
  assert.equal(queue.shift(), 1);
  assert.equal(queue.remove(first), false);
  assert.equal(queue.remove(second), true);
  assert.equal(queue.remove(second), false);
  assert.equal(queue.size, 1);
  assert.deepEqual(drained(queue), [3]);
});

test("keys take turns, and who has none shares one", () => {
  const queue = new FairQueue<string>();
  for (const n of [1, 2, 3]) queue.push(`a${n}`, "a");
  for (const n of [1, 2]) queue.push(`none${n}`);
  queue.push("b1", "b");
  assert.deepEqual(drained(queue), ["a1", "none1", "b1", "a2", "none2", "a3"]);
});

test("a key that left altogether and comes back has no turn saved up", () => {
  const queue = new FairQueue<string>();
  const place = queue.push("a1", "a");
  queue.push("b1", "b");
  queue.push("b2", "b");
  queue.remove(place);
  queue.push("a2", "a");
  assert.deepEqual(drained(queue), ["b1", "a2", "b2"]);
});

test("all can leave while they are looked at", () => {
  const queue = new FairQueue<() => void>();
  for (const key of ["a", "b", "a", "c", "b"]) {
    const place = queue.push(() => void queue.remove(place), key);
  }
  let seen = 0;
  for (const leave of queue) {
    leave();
    seen++;
  }
  assert.equal(seen, 5);
  assert.equal(queue.size, 0);
});
