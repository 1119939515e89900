/** What one measuring process gives: a number for each metric of its case. */
export type Metrics = Readonly<Record<string, number>>;

/** How much work a measurement does. */
export interface Size {
  /** A smoke test: it must run and give sane numbers, which are too few to mean anything. */
  readonly short: boolean;
  /** The amount for a real run, or for a smoke test. */
  pick(full: number, short: number): number;
}

/**
 * `limit`: what the machine can do, the yardstick and its like. `flamelet`: ours. `peer`: a library that does the same work.
 */
export type Role = "limit" | "flamelet" | "peer";

/** One of those that are compared. */
export interface Contender {
  readonly role: Role;
  /** Runs in a process of its own. Everything that it loads, it must load here, or it would weigh on the others. */
  measure(size: Size): Promise<Metrics>;
}

/** What a metric means. */
export interface Metric {
  readonly unit: Unit;
  readonly better: "lower" | "higher";
}

export type Unit = "µs" | "ms" | "s" | "min" | "/s" | "MB/s" | "MB" | "KB" | "%" | "ms/kLOC" | "count";

/** What the project wants to reach. */
export interface Goal {
  readonly metric: string;
  /** Whose metric it is. */
  readonly of: string;
  /** What it is compared with: within one round by a quotient, or by a difference. Without it the metric itself counts. */
  readonly over?: { readonly contender: string; readonly metric?: string; readonly by: "ratio" | "difference" };
  readonly solid: number;
  readonly goal: number;
}

/** One question, put to several contenders in one run. */
export interface Case {
  readonly title: string;
  /** What is measured, and how, in a sentence or two. */
  readonly about: string;
  /** `one`: all processes share a core, so that no wake-up of another hides the work. `all`: as the machine has them. */
  readonly cores: "one" | "all";
  /** The most rounds that make sense, where what is measured hardly varies and takes long. */
  readonly rounds?: number;
  /** The first is what the plot shows. */
  readonly metrics: Readonly<Record<string, Metric>>;
  /** Whom all others are compared with; null where nothing does the same work. */
  readonly yardstick: string | null;
  readonly contenders: Readonly<Record<string, Contender>>;
  readonly goals: readonly Goal[];
}

/** Thrown by a contender that cannot take part on this machine. It is left out of the table, with the reason. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}
