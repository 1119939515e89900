/**
 * What FLAME promises, as the tests of its reference implementation (Elixir's flame) pin it, and what went wrong there when
 * it was tried hard (D1 to D18). Each row that applies here has at least one test whose name begins with its id.
 */

export interface Row {
  readonly id: string;
  /** What holds, in the words of this project. */
  readonly behaviour: string;
  /**
   * `same`: as in the reference. `adapted`: what can be observed differs, since here there are no links between processes.
   * `negative`: a defect of the reference that is none here. `none`: does not apply.
   */
  readonly kind: "same" | "adapted" | "negative" | "none";
  /** Why it does not apply, or in what it was adapted. */
  readonly note?: string;
}

const NO_SINGLE_USE = "There is no option yet for runners that serve one call only.";
const NO_CODE_SYNC = "Code is not copied to runners: they are copies of the app that already have it.";

export const ROWS: readonly Row[] = [
  {
    id: "F1",
    kind: "same",
    behaviour:
      "`min` runners boot at once. There is no growth while a runner has a free slot, and growth when none has. At `max`, callers wait; one that waits too long gives up alone, and those behind it are served.",
  },
  { id: "F2", kind: "same", behaviour: "Two calls that find the only runner still booting both run on it." },
  {
    id: "F3",
    kind: "same",
    behaviour:
      "The first boot fails and that is told; the next one succeeds after a wait, and serves the call that had asked.",
  },
  { id: "F4", kind: "same", behaviour: "A surplus runner goes after its idle time; one that `min` needs stays." },
  {
    id: "F5",
    kind: "adapted",
    behaviour: "When a runner dies, every call that runs on it is told.",
    note: "The calls reject with `RunnerLostError`; nobody is killed.",
  },
  {
    id: "F6",
    kind: "adapted",
    behaviour:
      "An error of the function reaches its caller, a caller that goes ends its work, and either way the runner then idles away.",
    note: "Two ways, not one link: errors are rejections, and a caller goes by its `signal`.",
  },
  { id: "F7", kind: "same", behaviour: "A cast that throws does not hurt who made it; then the runner idles away." },
  { id: "F8", kind: "same", behaviour: "A cast gives nothing, at once. Its function runs, and ends in its own time." },
  {
    id: "F9",
    kind: "same",
    behaviour: "Three pieces of work on `max` 2 with one slot each: exactly two boots, and all run in order.",
  },
  {
    id: "F10",
    kind: "adapted",
    behaviour: "The error of a cast reaches who wants to hear of it.",
    note: "By the pool's `castFailed` event; without a listener, as a process warning.",
  },
  {
    id: "F11",
    kind: "same",
    behaviour:
      "A placed child can be used, holds one slot and its runner while it lives, leaves the other slots to others, and lets the runner idle away after it.",
  },
  {
    id: "F12",
    kind: "adapted",
    behaviour: "The death of a placed child reaches who uses it, and nobody else.",
    note: "It dies with its runner; what is asked of it rejects with `RunnerLostError`.",
  },
  {
    id: "F13",
    kind: "same",
    behaviour:
      "A placed child ends with its caller when it is bound to it, and outlives it when it is not; its runner stays as long.",
    note: "Bound by the call's `signal`.",
  },
  {
    id: "F14",
    kind: "adapted",
    behaviour: "What a value hands out is found wherever it is in the value; all else arrives as it was.",
    note: "`flame.ref`, in place of values that implement a protocol.",
  },
  {
    id: "F15",
    kind: "same",
    behaviour: "A value that hands out nothing holds nothing: the slot is free with the result.",
  },
  {
    id: "F16",
    kind: "same",
    behaviour: "What a value handed out holds its runner while it is in use; then the runner idles away.",
  },
  {
    id: "F17",
    kind: "adapted",
    behaviour: "What a value hands out is held on to without a word at the call.",
    note: "Always so: there is no option, neither at the call nor at the pool.",
  },
  {
    id: "F18",
    kind: "same",
    behaviour:
      "All that one call handed out holds one slot until the last of it is done with. Until then the next call waits, and times out; after it, it is served.",
  },
  {
    id: "F19",
    kind: "adapted",
    behaviour: "What a pool puts on disk is there while it has runners, and gone when it is closed.",
    note: "A socket file, in place of an archive of code.",
  },

  { id: "R1", kind: "none", behaviour: "A runner for one call only ends after it.", note: NO_SINGLE_USE },
  {
    id: "R2",
    kind: "same",
    behaviour: "A runner boots once, serves call after call, and ends in an orderly way when it is let go.",
  },
  { id: "R3", kind: "same", behaviour: "What a backend says when it can make no machine is what the caller hears." },
  {
    id: "R4",
    kind: "same",
    behaviour: "A machine that ends before it is ready fails its boot, with how it ended and its last words.",
  },
  {
    id: "R5",
    kind: "none",
    behaviour: "A runner for one call only ends after it, also when the call failed.",
    note: NO_SINGLE_USE,
  },
  {
    id: "R6",
    kind: "same",
    behaviour: "The error of a function reaches its caller; its runner lives and serves the next call.",
  },
  {
    id: "R7",
    kind: "none",
    behaviour: "A runner for one call only ends after it, also when it took too long.",
    note: NO_SINGLE_USE,
  },
  {
    id: "R8",
    kind: "same",
    behaviour:
      "A call that takes too long is rejected, by the call's own `timeout` if it has one; its runner lives and serves the next call.",
  },
  {
    id: "R9",
    kind: "same",
    behaviour: "A runner idles away whether it was used or not; its time starts when its last work ended.",
  },
  {
    id: "R10",
    kind: "adapted",
    behaviour: "Code on a runner can keep it through any number of idle periods, and let it go.",
    note: "By a stream, a ref or a placed child that is still in use; there is no predicate that is polled.",
  },
  {
    id: "R11",
    kind: "none",
    behaviour: "Code is copied to a runner at its boot and before calls.",
    note: NO_CODE_SYNC,
  },
  { id: "R12", kind: "same", behaviour: "No code is sent, at boot or with a call." },

  { id: "Q1", kind: "same", behaviour: "A new queue is empty." },
  { id: "Q2", kind: "same", behaviour: "Who joins is there, and is found again by a handle." },
  { id: "Q3", kind: "same", behaviour: "First come, first served; also after the queue was empty." },
  { id: "Q4", kind: "same", behaviour: "Nobody is next in an empty queue." },
  { id: "Q5", kind: "same", behaviour: "Who has left is passed over." },
  { id: "Q6", kind: "same", behaviour: "Who waits is found." },
  { id: "Q7", kind: "same", behaviour: "Who does not wait is not found." },
  { id: "Q8", kind: "same", behaviour: "Who leaves leaves the others in their order, and the queue as good as new." },
  { id: "Q9", kind: "same", behaviour: "Who leaves twice does nothing." },

  {
    id: "B1",
    kind: "same",
    behaviour: "What a backend needs and does not have is named.",
    note: "The `process` backend.",
  },
  {
    id: "B2",
    kind: "same",
    behaviour: "All that a backend is told is honoured, and a runner always knows its parent.",
    note: "The `process` backend. `flame.isRunner` is in place of `PHX_SERVER=false`.",
  },
  {
    id: "B3",
    kind: "same",
    behaviour: "A pool that names no backend has the default one.",
    note: "`flame.backend.auto()`.",
  },
  { id: "B4", kind: "same", behaviour: "A runner knows its pool, its backend and its build." },

  {
    id: "C1–C5",
    kind: "none",
    behaviour: "The tests of copying code: what changed, what to start, packing and unpacking.",
    note: NO_CODE_SYNC,
  },
  {
    id: "J1–J13",
    kind: "none",
    behaviour: "The tests of choosing and using a JSON parser.",
    note: "JavaScript has one.",
  },

  { id: "D1", kind: "negative", behaviour: "Callers that wait are served by a new runner when the only one dies." },
  { id: "D2", kind: "negative", behaviour: "A lost runner of `min` is replaced without any demand." },
  { id: "D3", kind: "negative", behaviour: "Every caller that catches an error, or a timeout, lives and sees it." },
  {
    id: "D4",
    kind: "negative",
    behaviour: "A runner that dies takes its own calls with it; the other runners and the pool go on.",
  },
  {
    id: "D5",
    kind: "negative",
    behaviour: "A call that races with an idle deadline, or with a runner that leaves, runs once.",
  },
  {
    id: "D6",
    kind: "negative",
    behaviour: "While work ends in a drain, the services of the app are up, on both sides.",
  },
  { id: "D7", kind: "negative", behaviour: "A cast runs although its caller has gone." },
  {
    id: "D8",
    kind: "negative",
    behaviour: "All that is to be cleaned up is, though some of it fails, and a drain waits for it.",
  },
  { id: "D9", kind: "negative", behaviour: "A placed child that cannot be made rejects with why." },
  {
    id: "D10",
    kind: "negative",
    behaviour: "A slot belongs to the work: it is free when that has ended, and not when its caller is gone.",
  },
  {
    id: "D11",
    kind: "negative",
    behaviour: "Who waits for a boot hears why it failed; what cannot heal is not tried for ever.",
  },
  { id: "D12", kind: "negative", behaviour: "Boots that nobody needs any more are cancelled." },
  { id: "D13", kind: "negative", behaviour: "Work is packed onto few runners, so that the others can go." },
  {
    id: "D14",
    kind: "negative",
    behaviour: "An error names who died and how, and is told from a timeout and a refusal.",
  },
  { id: "D15", kind: "negative", behaviour: "A result that is here is delivered, whatever becomes of the pool." },
  {
    id: "D16",
    kind: "negative",
    behaviour: "Secrets are in no error, no inspection, and no environment that the app can see.",
  },
  { id: "D17", kind: "negative", behaviour: "Every option has an effect, and an unknown one is an error." },
  {
    id: "D18",
    kind: "negative",
    behaviour: "Listeners of the user do not run inside the pool's step; one that throws changes nothing.",
  },
];

const IDS = /^([FRQBD]\d+(?:, [FRQBD]\d+)*): /;

/** The rows that a test pins, by its name: `F1: …`, or `Q5, Q8: …`. */
export function rowsOf(testName: string): string[] {
  return IDS.exec(testName)?.[1]?.split(", ") ?? [];
}
