import type { ServiceDefinition } from "@grpc/grpc-js";

/** Bytes there, bytes back: what is in them is not gRPC's business. */
export const service: ServiceDefinition = Object.fromEntries(
  ["noop", "echo", "sleep"].map((name) => [
    name,
    {
      path: `/bench/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (value: Buffer) => value,
      requestDeserialize: (bytes: Buffer) => bytes,
      responseSerialize: (value: Buffer) => value,
      responseDeserialize: (bytes: Buffer) => bytes,
    },
  ]),
);
