/**
 * `next start` is the one tool whose command line, run again, starts the app: it loads a build, and listens. A copy has no
 * use for the port, and cannot be told by the app not to listen, so it gets one that nobody asks for.
 */

/** Whether a process with these arguments is a production server of Next. */
export function isNextStart(tool: string | undefined, args: readonly string[]): boolean {
  return tool === "next" && args[0] === "start";
}

/** The arguments of `next start`, with any free port. */
export function withFreePort(args: readonly string[]): string[] {
  const others = args.filter(
    (arg, index) => !/^(-p|--port)(=|$)/.test(arg) && !/^(-p|--port)$/.test(args[index - 1] ?? ""),
  );
  return [...others, "--port", "0"];
}
