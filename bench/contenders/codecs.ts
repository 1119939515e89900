/** Turns a value into bytes, and bytes into a value again. */
export interface Codec {
  encode(value: unknown): Uint8Array;
  decode(bytes: Uint8Array): unknown;
}

/** Each codec by its name; each loads its library only when it is asked for. */
export const codecs = {
  v8: async (): Promise<Codec> => {
    const { deserialize, serialize } = await import("node:v8");
    return { encode: serialize, decode: deserialize };
  },
  msgpackr: async (): Promise<Codec> => {
    const { Packr } = await import("msgpackr");
    const packr = new Packr({ structuredClone: true, moreTypes: true });
    return { encode: (value) => packr.pack(value), decode: (bytes) => packr.unpack(bytes) };
  },
  json: async (): Promise<Codec> => ({
    encode: (value) => Buffer.from(JSON.stringify(value)),
    decode: (bytes) => JSON.parse(bytes.toString()),
  }),
  devalue: async (): Promise<Codec> => {
    const { parse, stringify } = await import("devalue");
    return { encode: (value) => Buffer.from(stringify(value)), decode: (bytes) => parse(bytes.toString()) };
  },
  /** What flamelet does to a value, up to the bytes that go into a frame. */
  flamelet: async (): Promise<Codec> => {
    const { decode, encode } = await import("../../packages/flamelet/src/wire/codec.ts");
    const { packValue, unpackValue } = await import("../../packages/flamelet/src/wire/message.ts");
    return {
      encode: (value) => Buffer.concat(packValue(encode(value))),
      decode: (bytes) => {
        const { json, attachments } = unpackValue(bytes as Buffer);
        return decode(json, attachments, {} as never);
      },
    };
  },
};
