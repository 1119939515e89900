import { count, phase, size, time } from "./words.js";

const template = document.querySelector("#card");

/** One video on the page. It shows what it is told and asks for nothing by itself. */
export class Card {
  #every;
  #sizes = new Map();
  #element = template.content.cloneNode(true).firstElementChild;
  #ended = false;

  /** @param onRemove Called when the button is pressed: to cancel while it goes on, to remove afterwards. */
  constructor({ name, every }, onRemove) {
    this.#every = every;
    this.#find("h3").textContent = name;
    this.#find("h3").title = name;
    this.#find("button").addEventListener("click", onRemove);
    this.#show("Waiting", "Waiting for its turn.", "Cancel");
    this.#find("progress").value = 0;
  }

  get element() {
    return this.#element;
  }

  get ended() {
    return this.#ended;
  }

  progress(progress) {
    if (this.#ended) return;
    const { chip, text } = phase(progress);
    this.#show(chip, text, "Cancel");
    const bar = this.#find("progress");
    if (progress.total) bar.value = progress.bytes / progress.total;
    else bar.removeAttribute("value");
  }

  thumbnail({ n, seconds, url }) {
    if (this.#sizes.has(n)) return;
    const figure = document.createElement("figure");
    const link = Object.assign(document.createElement("a"), { href: url, target: "_blank" });
    const at = time(seconds, this.#every);
    const image = Object.assign(document.createElement("img"), { src: url, alt: `At ${at}` });
    const caption = document.createElement("figcaption");
    caption.textContent = at;
    link.append(image);
    figure.append(link, caption);
    this.#sizes.set(n, figure);
    const next = [...this.#sizes.keys()].filter((other) => other > n).sort((a, b) => a - b)[0];
    this.#find(".grid").insertBefore(figure, next === undefined ? null : this.#sizes.get(next));
  }

  done({ duration, sizeBytes, runner }) {
    const facts = [count(this.#sizes.size, "thumbnail")];
    if (duration) facts.push(`${time(duration)} long`);
    if (sizeBytes) facts.push(size(sizeBytes));
    if (runner) facts.push(`made on ${runner}`);
    this.#end("done", "Done", `${facts.join(" · ")}`);
  }

  fail({ code, message }) {
    this.#end("failed", code === "cancelled" ? "Cancelled" : "Failed", message);
  }

  #end(state, chip, text) {
    this.#ended = true;
    this.#element.classList.add(state);
    this.#find("progress").hidden = true;
    this.#show(chip, text, "Remove");
  }

  #show(chip, text, button) {
    this.#find(".chip").textContent = chip;
    this.#find(".message").textContent = text;
    this.#find("button").textContent = button;
  }

  #find(selector) {
    return this.#element.querySelector(selector);
  }
}
