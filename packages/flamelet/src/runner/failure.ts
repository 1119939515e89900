import { BootError, type BootFailure, type ExitInfo } from "../errors.ts";

/** How a machine ended, in words: `exit code 1`, `signal SIGKILL`. */
export function exitText(exit: ExitInfo): string {
  if (exit.signal !== null) return `signal ${exit.signal}`;
  return exit.code === null ? "for a reason that its backend cannot tell" : `exit code ${exit.code}`;
}

/** Why a runner is lost, with how its process ended where that is known. */
export function lossReason(why: string, exit: ExitInfo | null): string {
  if (exit === null) return why;
  const memory = exit.signal === "SIGKILL" ? " (killed from outside; often for want of memory)" : "";
  return `${why} (${exitText(exit)})${memory}`;
}

/** A boot error that says what happened, how the process ended, and what the author of an app most often has to do. */
export function bootFailure(
  failure: BootFailure,
  message: string,
  output: readonly string[],
  exit: ExitInfo | null,
  cause?: unknown,
): BootError {
  const ended = exit === null ? "" : ` (${exitText(exit)})`;
  return new BootError(message + ended + hint(output), {
    failure,
    output: [...output],
    exit,
    ...(cause === undefined ? {} : { cause }),
  });
}

function hint(output: readonly string[]): string {
  if (!output.some((line) => line.includes("EADDRINUSE"))) return "";
  return (
    ".\nIt tried to listen on a port that its parent already listens on. A runner is a copy of the whole app: " +
    "start the server only `if (!flame.isRunner)`"
  );
}
