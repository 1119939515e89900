import type { CallContext } from "./child/context.ts";

/** A value, or a promise of it. */
type Settled<T> = T extends PromiseLike<infer V> ? Settled<V> : T;

declare const named: unique symbol;
declare const reference: unique symbol;

/** What the compiler shows in place of a value that cannot cross. */
export interface CannotCross<Why extends string> {
  readonly cannotCross: Why;
}

type AnyFunction = (...args: never[]) => unknown;

/** A function with a name of its own, made by `flame.fn`: it can run on any runner without being compiled. */
export type NamedFunction<A extends unknown[], R> = ((...args: A) => R) & {
  readonly [named]: true;
};

/** An object that was returned by `flame.ref`: it stays where it is, and arrives as a `Remote`. */
export interface Ref<T extends object> {
  readonly [reference]: T;
}

/** A function that was wrapped by `flame.callback`: it stays where it is, so calling it takes time and gives a promise. */
export type Callback<A extends unknown[], R> = (...args: A) => Promise<Settled<R>>;

/** A `Map` or `Set` has all that a weak one has; what tells them apart is that a weak one has no size. */
type Weak =
  | (WeakMap<WeakKey, unknown> & { readonly size?: never })
  | (WeakSet<WeakKey> & { readonly size?: never })
  | WeakRef<WeakKey>;

/** What arrives when a `T` crosses. */
export type Received<T> =
  T extends Ref<infer O>
    ? Remote<O>
    : T extends symbol
      ? CannotCross<"a symbol">
      : T extends Weak
        ? CannotCross<"a weak collection">
        : T extends (...args: infer A) => infer R
          ? R extends Promise<unknown>
            ? (...args: A) => Promise<Settled<R>>
            : CannotCross<"a function; wrap it with flame.callback">
          : T;

/**
 * What may be given for a parameter of type `T`. A function stays here and is called from there, where it gives a promise
 * whatever it gives here: so the parameter must say that it returns a promise (or nothing that is looked at).
 */
export type Given<T> =
  T extends NamedFunction<never[], unknown>
    ? T
    : T extends (...args: infer A) => infer R
      ? unknown extends R
        ? T
        : [R] extends [void]
          ? T
          : R extends PromiseLike<infer V>
            ? (...args: A) => V | PromiseLike<V>
            : CannotCross<"a callback arrives asynchronous; declare that it returns a promise">
      : T;

/** `Given` for all parameters of a function. */
export type GivenAll<A extends unknown[]> = { [I in keyof A]: Given<A[I]> };

/** The value of a call that ran over there. */
export type Returned<R> = Received<Settled<R>>;

/**
 * An object that lives on a runner. Each of its methods is here, and asynchronous. Calls start over there in the order
 * in which they are made, and do not wait for each other. Fields and accessors are not: give them a method.
 */
export type Remote<T extends object> = {
  readonly [
    K in keyof T as T[K] extends AnyFunction ? (K extends string ? (K extends "then" ? never : K) : never) : never
  ]: T[K] extends (...args: infer A) => infer R ? (...args: A) => RemoteResult<R> : never;
} & AsyncDisposable;

/** What a remote method gives: a promise, and for a method that gives a stream, one that can be iterated at once. */
export type RemoteResult<R> =
  Settled<R> extends AsyncIterable<infer C> ? Promise<AsyncIterable<C>> & AsyncIterable<C> : Promise<Returned<R>>;

/** What the chunks of a streaming function's value are. */
export type Chunks<R> =
  Settled<R> extends AsyncIterable<infer C> ? C : Settled<R> extends Iterable<infer C> ? C : never;

/** A closure that a verb runs: it may look at the context of its call. */
export type Closure<R> = (context: CallContext) => R;
