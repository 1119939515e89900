import type { OriginalOf } from "./original.ts";
import { vlq } from "./vlq.ts";

/** A source map of version 3. */
export interface SourceMap {
  readonly version: 3;
  /** Absolute paths. */
  readonly sources: string[];
  readonly names: string[];
  readonly mappings: string;
}

/** Text to be put into a source. */
export interface Insertion {
  /** An offset in the source. */
  readonly at: number;
  readonly text: string;
}

/**
 * A text that is put together from parts of a source and from what is new, and the source map from it to the source: each
 * word in it, and each character between words, is mapped to where it stood.
 */
export class MappedText {
  readonly #source: string;
  readonly #originalOf: OriginalOf | undefined;
  readonly #lineStarts: number[] = [0];
  readonly #sources: string[];
  #code = "";
  #mappings = "";
  /** The column in the text that comes next. */
  #column = 0;
  // What the last segment said, for the next one says only the differences.
  #lastColumn = 0;
  #lastSource = 0;
  #lastSourceLine = 0;
  #lastSourceColumn = 0;
  #firstOfLine = true;

  /** @param file Absolute path of the source, which is what is mapped to unless `originalOf` leads further. */
  constructor(source: string, file: string, originalOf?: OriginalOf) {
    this.#source = source;
    this.#originalOf = originalOf;
    this.#sources = originalOf === undefined ? [file] : [];
    for (let at = source.indexOf("\n"); at !== -1; at = source.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  get code(): string {
    return this.#code;
  }

  get map(): SourceMap {
    return { version: 3, sources: this.#sources, names: [], mappings: this.#mappings };
  }

  /** Adds what comes from nowhere. */
  add(text: string): void {
    this.#code += text;
    const lines = text.split("\n");
    for (let i = 1; i < lines.length; i++) this.#nextLine();
    this.#column += lines.at(-1)?.length ?? 0;
  }

  /** Adds a part of the source, with what is to be put into it, in the order of the offsets. */
  copy(start: number, end: number, insertions: readonly Insertion[] = []): void {
    let from = start;
    for (const { at, text } of insertions) {
      this.#copy(from, at);
      this.add(text);
      from = at;
    }
    this.#copy(from, end);
  }

  #copy(start: number, end: number): void {
    this.#code += this.#source.slice(start, end);
    let line = this.#lineOf(start);
    let column = start - (this.#lineStarts[line] as number);
    let inWord = false;
    for (let i = start; i < end; i++) {
      const character = this.#source.charCodeAt(i);
      if (character === NEWLINE) {
        this.#nextLine();
        line += 1;
        column = 0;
        inWord = false;
        continue;
      }
      const word = isWord(character);
      if (!word || !inWord) this.#segment(line, column);
      inWord = word;
      this.#column += 1;
      column += 1;
    }
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  /** Says that what comes next stands there in the source. */
  #segment(line: number, column: number): void {
    if (this.#originalOf === undefined) return this.#mapTo(0, line, column);
    const origin = this.#originalOf(line, column);
    if (origin === null) return;
    const known = this.#sources.indexOf(origin.file);
    this.#mapTo(known === -1 ? this.#sources.push(origin.file) - 1 : known, origin.line, origin.column);
  }

  #mapTo(source: number, line: number, column: number): void {
    const step = this.#column - this.#lastColumn;
    const sameLine = !this.#firstOfLine && source === this.#lastSource && line === this.#lastSourceLine;
    const known = sameLine && column - this.#lastSourceColumn === step ? STEPS[step] : undefined;
    this.#mappings +=
      known ??
      (this.#firstOfLine ? "" : ",") +
        vlq(step) +
        vlq(source - this.#lastSource) +
        vlq(line - this.#lastSourceLine) +
        vlq(column - this.#lastSourceColumn);
    this.#firstOfLine = false;
    this.#lastColumn = this.#column;
    this.#lastSource = source;
    this.#lastSourceLine = line;
    this.#lastSourceColumn = column;
  }

  #nextLine(): void {
    this.#mappings += ";";
    this.#column = 0;
    this.#lastColumn = 0;
    this.#firstOfLine = true;
  }
}

/** What most segments say: so many columns further, in the text as in the source. */
const STEPS: readonly string[] = Array.from({ length: 32 }, (_, step) => `,${vlq(step)}AA${vlq(step)}`);

const NEWLINE = 10;

function isWord(character: number): boolean {
  return (
    (character >= 97 && character <= 122) ||
    (character >= 65 && character <= 90) ||
    (character >= 48 && character <= 57) ||
    character === 95
  );
}
