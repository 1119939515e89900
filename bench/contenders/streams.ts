/** What every contender can do that streams bytes. */
export interface Streams extends AsyncDisposable {
  /** The process at this end. Default: this one. */
  readonly parentPid?: number;
  /** The process over there. */
  readonly runnerPid: number;
  /** Sends `bytes` to the runner in chunks of that size; resolves when it has read all. */
  up(bytes: number, chunk: number): Promise<void>;
  /** Has the runner send `bytes` in chunks of that size; resolves when all are read here. */
  down(bytes: number, chunk: number): Promise<void>;
}

/** A source that costs nothing: the same chunk again and again. */
export async function* chunks(bytes: number, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  const chunk = new Uint8Array(size).fill(1);
  for (let sent = 0; sent < bytes; sent += size) yield chunk;
}

/** Reads all, and gives how many bytes that were. */
export async function count(source: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const chunk of source) bytes += chunk.length;
  return bytes;
}
