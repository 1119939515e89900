import { byId, element, setText } from "./element.js";

/** How many requests are listed. */
const SHOWN = 60;

/** The latest requests, each with the machines that it was at. */
export class Requests {
  #list = byId("requests");
  #entries = new Map();

  begin({ request, method, url, app, edge }) {
    const status = element("span", { class: "status is-open" }, "…");
    const way = element("span", { class: "way" }, edge);
    const line = element("span", { class: "what" }, element("b", {}, method), " ", url);
    const meta = element("span", { class: "meta" }, app);
    const item = element("li", {}, status, element("span", { class: "text" }, line, way), meta);
    this.#entries.set(request, { item, status, way, meta, app });
    this.#list.prepend(item);
    this.#list.hidden = false;
    byId("no-requests").hidden = true;
    if (this.#entries.size > SHOWN) {
      const [oldest, { item: last }] = this.#entries.entries().next().value;
      this.#entries.delete(oldest);
      last.remove();
    }
  }

  /** It got to a machine. */
  deliver({ request, machine, region, way, woken, app }) {
    const entry = this.#entries.get(request);
    if (entry === undefined) return;
    const how = way === "balance" ? "" : ` ${way}`;
    const where = app === entry.app ? region : `${app} in ${region}`;
    entry.way.append(
      element("span", { class: `hop ${way}`, title: machine }, ` →${how} ${where}${woken ? " (started for it)" : ""}`),
    );
  }

  end({ request, status, ms }) {
    const entry = this.#entries.get(request);
    if (entry === undefined) return;
    entry.status.className = `status is-${Math.floor(status / 100)}`;
    setText(entry.status, status === 499 ? "left" : String(status));
    setText(entry.meta, `${entry.app} · ${Math.round(ms)} ms`);
  }

  trouble({ request, code, message }) {
    const entry = this.#entries.get(request);
    entry?.way.append(element("span", { class: "trouble", title: message }, ` ${code}`));
  }
}
