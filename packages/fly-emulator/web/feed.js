/**
 * Follows the emulator's events, and comes back by itself when it was away.
 *
 * @param {string} token
 * @param {Record<string, (data: any) => void>} handlers By the name of the event.
 * @param {(state: "open" | "lost") => void} onConnection
 */
export function follow(token, handlers, onConnection) {
  const source = new EventSource(`../events?token=${encodeURIComponent(token)}`);
  source.addEventListener("open", () => onConnection("open"));
  source.addEventListener("error", () => onConnection("lost"));
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => handle(JSON.parse(event.data)));
  }
}

/** Calls the emulator. Rejects with what it says. */
export async function call(token, method, path, body) {
  const response = await fetch(`../${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = text === "" ? null : JSON.parse(text);
  if (!response.ok) throw new Error(answer?.error ?? `the emulator answered ${response.status}`);
  return answer;
}
