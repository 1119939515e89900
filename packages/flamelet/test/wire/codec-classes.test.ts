import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { decodeKey, defineCodec, encodeKey } from "../../src/wire/class-codecs.ts";
import { encode } from "../../src/wire/codec.ts";
import { arrive, refusalOf, roundTrip } from "./codec-peer.ts";

class Money {
  readonly #cents: number;
  readonly tags: unknown;
  constructor(cents: number, tags?: unknown) {
    this.#cents = cents;
    this.tags = tags;
  }
  get cents(): number {
    return this.#cents;
  }
  static [encodeKey](money: Money): unknown[] {
    return [money.#cents, money.tags];
  }
  static [decodeKey]([cents, tags]: [number, unknown]): Money {
    return new Money(cents, tags);
  }
  static {
    defineCodec(this);
  }
}

class Node {
  readonly children: unknown[] = [];
}
defineCodec(Node, {
  name: "tree-node",
  encode: (node) => ({ children: node.children }),
  decode: ({ children }) => Object.assign(new Node(), { children }),
});

class Failure extends Error {
  readonly status: number;
  constructor(status: number) {
    super(`status ${status}`);
    this.status = status;
  }
}
defineCodec(Failure, { encode: (failure) => failure.status, decode: (status) => new Failure(status) });

describe("classes with a codec", () => {
  test("in static methods of the class", () => {
    const got = roundTrip({ price: new Money(5, new Map([["a", 1]])) });
    assert.ok(got.price instanceof Money);
    assert.equal(got.price.cents, 5);
    assert.deepStrictEqual(got.price.tags, new Map([["a", 1]]));
  });

  test("given to defineCodec, nested, and shared", () => {
    const root = new Node();
    const leaf = new Node();
    root.children.push(leaf, leaf, new Money(1));
    const got = roundTrip(root);
    assert.ok(got.children[0] instanceof Node);
    assert.equal(got.children[0], got.children[1]);
    assert.equal(got.children[2].cents, 1);
  });

  test("the same instance as key and as value of a Map", () => {
    const money = new Money(3);
    const [[key, value]] = [...roundTrip(new Map([[money, money]]))] as [[unknown, unknown]];
    assert.ok(key instanceof Money);
    assert.equal(key, value);
  });

  test("a plain object around an instance may lead back to itself", () => {
    const outer: Record<string, unknown> = {};
    outer["money"] = new Money(1, outer);
    const got = roundTrip(outer);
    assert.equal(got.money.tags, got);
  });

  test("errors with a codec keep the stack of where they were thrown", () => {
    const failure = new Failure(500);
    const got = roundTrip([failure])[0];
    assert.ok(got instanceof Failure);
    assert.deepStrictEqual([got.status, got.message, got.stack], [500, "status 500", failure.stack]);
  });

  test("an instance that contains itself is refused before it is sent", () => {
    const root = new Node();
    const child = new Node();
    root.children.push({ deep: [child] });
    child.children.push(root);
    const error = refusalOf({ root });
    assert.equal(error.path, "root.children[0].deep[0].children[0]");
    assert.equal(error.found, "Node");
    assert.match(error.why, /contains itself/);
  });

  test("a refusal inside names the path through what the codec gave", () => {
    assert.equal(refusalOf([new Node(), new Money(1, { fn() {} })]).path, "[1][1].fn");
  });

  test("a subclass without a codec of its own is refused", () => {
    class Gold extends Money {}
    const error = refusalOf({ gold: new Gold(1) });
    assert.deepStrictEqual([error.path, error.found], ["gold", "Gold"]);
    class Sub extends Node {}
    assert.equal(refusalOf([new Sub()]).path, "[0]");
  });

  test("a static codec that nobody registered is refused, and says so", () => {
    class Loose {
      static [encodeKey](): number {
        return 1;
      }
      static [decodeKey](): Loose {
        return new Loose();
      }
    }
    assert.match(refusalOf(new Loose()).why, /flame\.codec/);
  });

  test("two classes of one name: the later has it, and instances of the former are refused", () => {
    const make = (): new () => object => {
      class Twin {}
      defineCodec(Twin, { encode: () => 1, decode: () => new Twin() });
      return Twin;
    };
    const [First, Second] = [make(), make()];
    assert.ok(roundTrip(new Second()) instanceof Second);
    assert.match(refusalOf(new First()).why, /another class was registered as "Twin"/);
  });

  test("a codec that throws or gives a promise", () => {
    class Bad {}
    defineCodec(Bad, {
      encode: () => {
        throw new Error("not today");
      },
      decode: () => new Bad(),
    });
    const error = refusalOf({ bad: new Bad() });
    assert.match(error.why, /not today/);
    assert.equal((error.cause as Error).message, "not today");

    class Slow {}
    defineCodec(Slow, { encode: () => Promise.resolve(1), decode: () => new Slow() });
    assert.match(refusalOf(new Slow()).why, /promise/);

    class Broken {}
    defineCodec(Broken, {
      encode: () => 1,
      decode: () => {
        throw new Error("no way back");
      },
    });
    assert.throws(() => roundTrip(new Broken()), { code: "ERR_FLAME_SERIALIZATION", message: /no way back/ });
  });

  test("a class that this side does not have", () => {
    const encoded = encode(new Money(1));
    const renamed = { ...encoded, json: encoded.json.replace("Money", "Honey") };
    assert.throws(() => arrive(renamed), { code: "ERR_FLAME_SERIALIZATION", message: /"Honey"/ });
  });

  test("what defineCodec takes is checked at once", () => {
    const untyped = defineCodec as (...args: unknown[]) => void;
    const codec = { encode: () => 1, decode: () => ({}) };
    const wrong: unknown[][] = [
      [null],
      [{}],
      [() => {}],
      [class A {}],
      [class A {}, { encode: codec.encode }],
      [class {}, codec],
    ];
    for (const args of wrong) assert.throws(() => untyped(...args), { code: "ERR_FLAME_OPTION" });
  });
});
