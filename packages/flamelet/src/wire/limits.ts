/**
 * How much one value may be. The same numbers hold on both sides: what the other side would refuse is refused here
 * before it is sent.
 */
export interface ValueLimits {
  /** Length of the text of a value, in UTF-16 units. Default 64 Mi. */
  readonly maxTextLength: number;
  /** Distinct primitives, objects and collections in one value. Default 5,000,000. */
  readonly maxNodes: number;
  /** Collections and objects inside each other. Default 1,000: deeper ones come near the end of the stack. */
  readonly maxDepth: number;
  /** Raw byte sequences beside the value. Default 65,536. */
  readonly maxAttachments: number;
  /** Bytes of a value's text and of all that travels beside it. Default 255 MiB, which leaves room for a message's head. */
  readonly maxBytes: number;
  /** Decimal digits of a bigint, whose parsing takes more than linear time. Default 10,000. */
  readonly maxBigIntDigits: number;
  /** Length of one string, in UTF-16 units. Default 32 Mi. */
  readonly maxStringLength: number;
  /** Length of one array, holes included: a hole costs nothing to send and whatever it costs who walks it. Default 16 Mi. */
  readonly maxArrayLength: number;
}

export const defaultValueLimits: ValueLimits = {
  maxTextLength: 64 * 1024 * 1024,
  maxNodes: 5_000_000,
  maxDepth: 1_000,
  maxAttachments: 65_536,
  maxBytes: 255 * 1024 * 1024,
  maxBigIntDigits: 10_000,
  maxStringLength: 32 * 1024 * 1024,
  maxArrayLength: 16 * 1024 * 1024,
};
