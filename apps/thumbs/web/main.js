import { Card } from "./card.js";
import { showPool } from "./pool.js";
import { answerAbout, upload, uploading } from "./uploads.js";
import { count, size, time } from "./words.js";

const list = document.querySelector("#videos");
const empty = document.querySelector("#empty");
const offline = document.querySelector("#offline");
const drop = document.querySelector("#drop");
const picker = document.querySelector("#files");
const every = document.querySelector("#every");

/** The cards of videos that the server knows, by id. */
const cards = new Map();
/** Which runner works on which video, to be told again when it is done. */
const runners = new Map();

function place(card) {
  list.prepend(card.element);
  empty.hidden = true;
}

function remove(id, card) {
  cards.delete(id);
  card.element.remove();
  empty.hidden = list.children.length > 0;
}

async function deleteVideo(id) {
  const response = await fetch(`/api/videos/${id}`, { method: "DELETE" }).catch(() => null);
  if (response !== null && (response.ok || response.status === 404) && cards.has(id)) remove(id, cards.get(id));
}

/** The card of a video that somebody else, or this page before it was reloaded, has uploaded. */
function cardOf(video) {
  let card = cards.get(video.id);
  if (card === undefined) {
    card = new Card(video, () => void deleteVideo(video.id));
    cards.set(video.id, card);
    place(card);
  }
  return card;
}

function addFile(file) {
  let id = null;
  const card = new Card({ name: file.name, every: every.valueAsNumber }, () => {
    stop();
    if (id === null) card.element.remove();
    else void deleteVideo(id);
  });
  place(card);
  const stop = upload(file, every.valueAsNumber, {
    created: (video) => {
      id = video.id;
      cards.set(id, card);
    },
    failed: (error) => {
      // What the events said first is more to the point.
      if (!card.ended) card.fail(error);
    },
  });
}

function addFiles(files) {
  if (!every.reportValidity()) return;
  for (const file of files) addFile(file);
}

async function refresh() {
  // What is added while the list is on its way is not in it, and is not gone for that.
  const before = [...cards.keys()];
  const { videos, limits } = await (await fetch("/api/videos")).json();
  const hours = limits.maxVideoSeconds / 3600;
  const length = hours >= 1 ? count(Math.round(hours * 10) / 10, "hour") : time(limits.maxVideoSeconds);
  document.querySelector("#drop-hint").textContent =
    `mp4, mov, webm or mkv · up to ${size(limits.maxUploadBytes)} and ${length} each`;
  const known = new Set(videos.map((video) => video.id));
  for (const id of before) if (!known.has(id) && cards.has(id)) remove(id, cards.get(id));
  for (const video of videos.reverse()) {
    const answer = cards.has(video.id) ? undefined : answerAbout(video.name);
    if (answer !== undefined) {
      // Perhaps it is of this page, which is going to hear so.
      void answer.then(refresh);
      continue;
    }
    const card = cardOf(video);
    for (const thumbnail of video.thumbnails) card.thumbnail(thumbnail);
    if (video.error !== null) card.fail(video.error);
    else if (video.status === "done") card.done(video);
  }
  empty.hidden = list.children.length > 0;
}

function listen() {
  const events = new EventSource("/api/events");
  const on = (name, listener) => events.addEventListener(name, (event) => listener(JSON.parse(event.data)));
  events.addEventListener("open", () => {
    offline.hidden = true;
    // Also after a broken connection, in which events may have been missed.
    void refresh();
  });
  on("pool", showPool);
  on("created", ({ video }) => cardOf(video));
  on("progress", ({ id, ...progress }) => {
    runners.set(id, progress);
    cards.get(id)?.progress(progress);
  });
  on("thumbnail", ({ id, ...thumbnail }) => cards.get(id)?.thumbnail(thumbnail));
  on("done", ({ id, duration }) => {
    const { bytes = null, runner = null } = runners.get(id) ?? {};
    cards.get(id)?.done({ duration, sizeBytes: bytes, runner });
  });
  events.addEventListener("error", (event) => {
    // The server names an event "error" too. That one brings data; a broken connection brings none.
    if (event.data === undefined) {
      offline.hidden = false;
      return;
    }
    const { id, error } = JSON.parse(event.data);
    cards.get(id)?.fail(error);
  });
  on("deleted", ({ id }) => {
    if (cards.has(id)) remove(id, cards.get(id));
  });
}

picker.addEventListener("change", () => {
  addFiles(picker.files);
  picker.value = "";
});
for (const name of ["dragover", "drop"]) {
  // A file that misses the zone must not replace the page.
  window.addEventListener(name, (event) => event.preventDefault());
}
drop.addEventListener("dragover", () => drop.classList.add("over"));
drop.addEventListener("dragleave", () => drop.classList.remove("over"));
drop.addEventListener("drop", (event) => {
  drop.classList.remove("over");
  addFiles(event.dataTransfer.files);
});
window.addEventListener("beforeunload", (event) => {
  if (uploading()) event.preventDefault();
});
listen();
