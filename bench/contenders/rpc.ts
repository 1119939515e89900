/** What every contender can do that runs something elsewhere. */
export interface Rpc extends AsyncDisposable {
  /** Calls a function that does nothing. */
  noop(): Promise<unknown>;
  /** Sends a value there and back. */
  echo(value: unknown): Promise<unknown>;
  /** Calls a function that takes that long, in ms. */
  sleep(ms: number): Promise<unknown>;
}
