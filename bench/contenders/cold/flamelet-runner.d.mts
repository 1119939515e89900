import type { NamedFunction } from "flamelet";

export const noop: NamedFunction<[], Promise<void>>;
