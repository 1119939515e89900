/**
 * A sequence of numbers that a generator makes its choices by. When it has run out, every choice is the first one, which is
 * the simplest: so that what fast-check shrinks is the program.
 */
export class Tape {
  readonly #numbers: readonly number[];
  #at = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  get spent(): boolean {
    return this.#at >= this.#numbers.length;
  }

  below(n: number): number {
    return (this.#numbers[this.#at++] ?? 0) % n;
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new RangeError("there is nothing to choose from");
    return choice;
  }
}
