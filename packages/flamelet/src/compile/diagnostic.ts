import { relative, sep } from "node:path";
import type { OriginalOf } from "./original.ts";

/** A place in a source file. Lines and columns count from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** Something that compiles, but will surprise. */
export interface CompileWarning extends Place {
  /** Begins with `file:line:column`, relative to the project root, and ends with a code frame. */
  readonly message: string;
}

/** A closure that cannot run on a runner in the way that it reads. Its message says where, why, and what to write instead. */
export class CompileError extends Error {
  readonly #place: Place;

  static {
    Object.defineProperty(this.prototype, "name", { value: "CompileError", configurable: true, writable: true });
  }

  constructor(message: string, place: Place) {
    super(message);
    this.#place = place;
    // The frames of the compiler say nothing to whoever wrote the closure, and would bury the message.
    this.stack = `${this.name}: ${message}\n    at ${place.file}:${place.line}:${place.column}`;
  }

  /** Absolute path of the module. */
  get file(): string {
    return this.#place.file;
  }

  /** Counts from 1. */
  get line(): number {
    return this.#place.line;
  }

  /** Counts from 1. */
  get column(): number {
    return this.#place.column;
  }
}

const NEWLINE = /\r\n|[\n\r\u2028\u2029]/g;

/** One source file, for finding lines and columns in it and for showing them. */
export class SourceFile {
  /** Absolute path. */
  readonly file: string;
  /** Posix path relative to the project root, as it appears in ids. */
  readonly shortName: string;
  readonly #root: string;
  readonly #source: string;
  readonly #originalOf: OriginalOf | undefined;
  readonly #starts: number[] = [0];

  constructor(source: string, file: string, root: string, originalOf?: OriginalOf) {
    this.file = file;
    this.#root = root;
    this.shortName = this.#short(file);
    this.#source = source;
    this.#originalOf = originalOf;
    for (const match of source.matchAll(NEWLINE)) this.#starts.push(match.index + match[0].length);
  }

  /** Where `offset` is, in the original when the source was generated. */
  place(offset: number): Place {
    const { line, column } = this.#placeInSource(offset);
    const origin = this.#originalOf?.(line - 1, column - 1) ?? null;
    if (origin !== null) return { file: origin.file, line: origin.line + 1, column: origin.column + 1 };
    return { file: this.file, line, column };
  }

  /** Where `offset` is, for people: `src/thumbs.ts:42`. */
  where(offset: number): string {
    const { file, line } = this.place(offset);
    return `${this.#short(file)}:${line}`;
  }

  /** The message with its place in front, and with a code frame that underlines `start` to `end`. */
  explain(message: string, start: number, end: number): string {
    const { line, column } = this.place(start);
    const text = `${this.where(start)}:${column}: ${message}`;
    // A frame of generated code would be of a file that nobody has seen.
    return this.#originalOf === undefined ? `${text}\n\n${this.#frame(line, column, end - start)}` : text;
  }

  #short(file: string): string {
    return relative(this.#root, file).split(sep).join("/");
  }

  #placeInSource(offset: number): { line: number; column: number } {
    const after = this.#starts.findIndex((start) => start > offset);
    const line = after === -1 ? this.#starts.length : after;
    const start = this.#starts[line - 1] ?? 0;
    // A byte order mark takes an offset, but no column.
    const mark = line === 1 && this.#source.startsWith("\uFEFF") ? 1 : 0;
    return { line, column: offset - start - mark + 1 };
  }

  #frame(line: number, column: number, length: number): string {
    const lines = this.#source.replace(/^\uFEFF/, "").split(NEWLINE);
    const first = Math.max(1, line - 2);
    const last = Math.min(lines.length, line + 2);
    const width = String(last).length;
    const frame: string[] = [];
    for (let number = first; number <= last; number++) {
      const text = lines[number - 1] ?? "";
      frame.push(`${number === line ? ">" : " "} ${String(number).padStart(width)} | ${text}`.trimEnd());
      if (number !== line) continue;
      // Tabs stay tabs, so that the mark stands below what it marks however wide they are shown.
      const indent = text.slice(0, column - 1).replace(/[^\t]/g, " ");
      const marked = Math.max(1, Math.min(length, text.length - column + 1));
      frame.push(`  ${" ".repeat(width)} | ${indent}${"^".repeat(marked)}`);
    }
    return frame.join("\n");
  }
}
