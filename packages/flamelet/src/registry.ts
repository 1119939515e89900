/**
 * The functions of this copy of the app that may be run from elsewhere. Only what is in here can be run: an id from the
 * wire is looked up in this map and nowhere else.
 */

/** A function registered by `flame.fn` or by compiled code. */
export interface RegisteredFunction {
  /** `"media/probe"`, or `"src/thumbs.ts#generateThumbnails/0"` for a compiled closure. */
  readonly id: string;
  /** Hash of the function's source; empty for named functions, whose name is the whole contract. */
  readonly hash: string;
  /** Names of the captured variables, in the order in which `make` takes them. */
  readonly captures: readonly string[];
  /** Where it stands, such as `src/thumbs.ts:42`, for messages. */
  readonly where: string;
  /** Builds the function around its captured values. */
  readonly make: (...captures: never[]) => (...args: never[]) => unknown;
}

/** What is known of one closure object that compiled code made: which function it is, and how to read its captures. */
export interface ClosureInfo {
  readonly id: string;
  readonly hash: string;
  readonly captures: readonly string[];
  readonly where: string;
  /** Reads the captured variables now. */
  readonly read: () => unknown[];
}

/**
 * Loads the module that registers the function of that id, if it knows one. Gives whether the function is registered then.
 * Rejects with what the module threw.
 */
export type FunctionLoader = (id: string, hash: string) => Promise<boolean>;

interface Tables {
  readonly functions: Map<string, RegisteredFunction>;
  readonly closures: WeakMap<object, ClosureInfo>;
  readonly waiting: Map<string, Set<() => void>>;
  /** The last one is asked first. */
  readonly loaders: FunctionLoader[];
  reloads: number;
  originalStack: (stack: string) => string;
}

// One set of tables per process, even when a bundler or a package manager made two copies of this module.
const KEY = Symbol.for("flamelet.registry.1");
const host = globalThis as { [KEY]?: Tables };
const tables: Tables = (host[KEY] ??= {
  functions: new Map(),
  closures: new WeakMap(),
  waiting: new Map(),
  loaders: [],
  reloads: 0,
  originalStack: (stack) => stack,
});

/** Adds a function, replacing one of the same id (a module that was evaluated again, as hot reloading does). */
export function registerFunction(entry: RegisteredFunction): void {
  const known = tables.functions.get(entry.id);
  if (known !== undefined && known.hash !== entry.hash) noteReload();
  tables.functions.set(entry.id, entry);
  const waiting = tables.waiting.get(entry.id);
  tables.waiting.delete(entry.id);
  for (const wake of waiting ?? []) wake();
}

/** Takes a function out again. */
export function unregisterFunction(id: string): void {
  tables.functions.delete(id);
}

/** The function of that id, if this copy of the app has loaded it. */
export function findFunction(id: string): RegisteredFunction | undefined {
  return tables.functions.get(id);
}

/** The ids of all functions that are registered here. */
export function functionIds(): string[] {
  return [...tables.functions.keys()];
}

/** Calls `wake` once, when a function of that id is registered. Returns what cancels it. */
export function onRegistered(id: string, wake: () => void): () => void {
  const set = tables.waiting.get(id) ?? new Set();
  tables.waiting.set(id, set);
  set.add(wake);
  return () => {
    set.delete(wake);
    if (set.size === 0) tables.waiting.delete(id);
  };
}

/** Notes that the app's code is another one now, in this process that goes on. Runners from before have the old one. */
export function noteReload(): void {
  tables.reloads += 1;
}

/** How often the app's code was replaced in this process. */
export function reloads(): number {
  return tables.reloads;
}

/** Sets what leads the lines of a stack back to the sources, where the runtime does not do it by itself. */
export function readStacksBy(originalStack: (stack: string) => string): void {
  tables.originalStack = originalStack;
}

/** A stack with the lines of the sources. */
export function originalStack(stack: string): string {
  return tables.originalStack(stack);
}

/** Adds a way to load functions that no module has registered yet. It is asked before those that were added earlier. */
export function addFunctionLoader(loader: FunctionLoader): void {
  tables.loaders.push(loader);
}

/** Loads the module that registers a function, wherever one is known. Rejects with what the module threw. */
export async function loadFunction(id: string, hash: string): Promise<void> {
  for (const loader of tables.loaders.toReversed()) if (await loader(id, hash)) return;
}

/** Notes which compiled function `fn` is. */
export function describeClosure(fn: object, info: ClosureInfo): void {
  tables.closures.set(fn, info);
}

/** Which compiled or named function `fn` is, if it is one. */
export function closureInfo(fn: object): ClosureInfo | undefined {
  return tables.closures.get(fn);
}
