/** What the last stage of a Dockerfile says of a process: its ENV and its CMD, in the forms that this app's file uses. */
export function readDockerfile(text: string): { env: Record<string, string>; command: string[] } {
  const stage = text.slice(text.lastIndexOf("\nFROM ") + 1);
  const env = /^ENV (.+)$/m.exec(stage)?.[1] ?? "";
  const command = /^CMD (\[.+\])$/m.exec(stage)?.[1];
  if (command === undefined) throw new Error("the Dockerfile needs a CMD as a list");
  return {
    env: Object.fromEntries(
      env.split(" ").map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
    ),
    command: JSON.parse(command) as string[],
  };
}
