/** One place in a list. It belongs to at most one list at a time. */
export class ListNode<T> {
  readonly value: T;
  /** The list that it is in, or null. Written by the list alone, as are its neighbours. */
  list: LinkedList<T> | null = null;
  before: ListNode<T> | null = null;
  after: ListNode<T> | null = null;

  constructor(value: T) {
    this.value = value;
  }
}

/**
 * A doubly linked list: whoever holds a node can take it out in constant time. A `Set` would read better, but finding
 * its first element walks over all that were deleted before it, which a long queue that is served from its front has
 * thousands of. A `Set` or `Map` where things come and go all the time is replaced by V8 every now and then, and the
 * one before refers to it: from the first of them that a full collection finds on, they keep all that was ever in them
 * until the next full one.
 */
export class LinkedList<T> {
  #first: ListNode<T> | null = null;
  #last: ListNode<T> | null = null;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#first?.value;
  }

  get firstNode(): ListNode<T> | null {
    return this.#first;
  }

  get lastNode(): ListNode<T> | null {
    return this.#last;
  }

  /** Puts a node that is in no list at the end. */
  append(node: ListNode<T>): void {
    node.list = this;
    node.before = this.#last;
    if (this.#last === null) this.#first = node;
    else this.#last.after = node;
    this.#last = node;
    this.#size++;
  }

  /** Takes a node out. Returns false, and does nothing, when it is not in this list. */
  remove(node: ListNode<T>): boolean {
    if (node.list !== this) return false;
    if (node.before === null) this.#first = node.after;
    else node.before.after = node.after;
    if (node.after === null) this.#last = node.before;
    else node.after.before = node.before;
    node.list = null;
    node.before = null;
    node.after = null;
    this.#size--;
    return true;
  }

  /** From first to last. Taking out the value that was just given is allowed. */
  *[Symbol.iterator](): Generator<T, void> {
    let node = this.#first;
    while (node !== null) {
      const { after } = node;
      yield node.value;
      node = after;
    }
  }
}
