/** A browser opens six connections to a server: some have to be left for the events and the pictures. */
const AT_ONCE = 3;

const waiting = [];
let going = 0;
/** By the names of files that the server is being told of, what resolves when it has answered. */
const announced = new Map();

/**
 * Uploads a file when its turn has come. `upload` hears what happens: `created(video)` with the video's id,
 * `failed(error)` if the server cannot tell it through the events.
 */
export function upload(file, every, hear) {
  const entry = { file, every, hear, abort: new AbortController() };
  waiting.push(entry);
  next();
  return () => {
    entry.abort.abort();
    const place = waiting.indexOf(entry);
    if (place >= 0) waiting.splice(place, 1);
  };
}

/**
 * Resolves when the server has answered to the announcement of a file of that name; undefined if none is under way. Until
 * then the list of all videos may have one in it that this page uploads itself.
 */
export function answerAbout(name) {
  return announced.get(name);
}

/** Whether leaving the page now would break something off. */
export function uploading() {
  return going > 0 || waiting.length > 0;
}

function next() {
  while (going < AT_ONCE && waiting.length > 0) {
    going++;
    void send(waiting.shift()).finally(() => {
      going--;
      next();
    });
  }
}

async function send({ file, every, hear, abort }) {
  const answer = Promise.withResolvers();
  announced.set(file.name, answer.promise);
  const answered = () => {
    if (announced.get(file.name) === answer.promise) announced.delete(file.name);
    answer.resolve();
  };
  try {
    const body = JSON.stringify({ name: file.name, every, size: file.size });
    const headers = { "content-type": "application/json" };
    const created = await fetch("/api/videos/new", { method: "POST", headers, body, signal: abort.signal });
    const video = await created.json();
    if (!created.ok) return hear.failed(video.error);
    hear.created(video);
    answered();
    const { signal } = abort;
    const type = file.type || "application/octet-stream";
    const sent = await fetch(`/api/videos/${video.id}`, {
      method: "PUT",
      headers: { "content-type": type },
      body: file,
      signal,
    });
    if (!sent.ok) hear.failed((await sent.json()).error);
  } catch {
    if (!abort.signal.aborted) hear.failed({ code: "network", message: "The connection to the server was lost." });
  } finally {
    answered();
  }
}
