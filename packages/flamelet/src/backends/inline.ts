export interface InlineOptions {
  /**
   * Send everything that crosses through the codec, as to any other runner, so that a value which could not cross fails in
   * a test already. Default true. Off, `call`, `cast` and `map` hand their values over as they are.
   */
  readonly check?: boolean;
}

/** Runners that are this very process: nothing is booted, and inline closures need no compiler. */
export interface InlineBackend {
  readonly name: "inline";
  readonly check: boolean;
}

export function inlineBackend(options: InlineOptions = {}): InlineBackend {
  return { name: "inline", check: options.check ?? true };
}
