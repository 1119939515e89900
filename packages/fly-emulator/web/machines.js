import { byId, element, setText } from "./element.js";

/** What a state looks like; those that pass by themselves look alike. */
const LOOKS = { started: "up", stopped: "down", suspended: "asleep", failed: "bad", destroyed: "gone" };

/** The apps and their machines, as tables that change in place. */
export class Machines {
  #apps = new Map();
  #rows = new Map();

  /** An app has its table, though it has no machine yet. */
  app(name) {
    if (this.#apps.has(name)) return this.#apps.get(name);
    const body = element("tbody");
    const heads = ["Machine", "Region", "State", "Requests", "Address"].map((text) =>
      element("th", { scope: "col" }, text),
    );
    const caption = element("caption", {}, name);
    const table = element("table", {}, caption, element("thead", {}, element("tr", {}, ...heads)), body);
    const entry = {
      table: element(
        "div",
        { class: "table", role: "region", "aria-label": `Machines of ${name}`, tabindex: 0 },
        table,
      ),
      body,
    };
    this.#apps.set(name, entry);
    byId("apps").append(entry.table);
    return entry;
  }

  removeApp(name) {
    this.#apps.get(name)?.table.remove();
    this.#apps.delete(name);
  }

  set(machine) {
    const row = this.#rows.get(machine.id) ?? this.#make(machine);
    row.badge.className = `badge ${machine.hostStatus === "ok" ? (LOOKS[machine.state] ?? "moving") : "bad"}`;
    setText(row.badge, machine.hostStatus === "ok" ? machine.state : "host dead");
    const notes = [machine.cordoned ? "cordoned" : "", machine.checked && !machine.healthy ? "checks fail" : ""];
    setText(row.notes, notes.filter((note) => note !== "").join(", "));
    this.setLoad(machine.id, machine.load);
  }

  setLoad(id, load) {
    const row = this.#rows.get(id);
    if (row === undefined) return;
    setText(row.load, String(load));
    row.bar.style.setProperty("--load", Math.min(1, load / 20));
  }

  remove(id) {
    this.#rows.get(id)?.element.remove();
    this.#rows.delete(id);
  }

  clear() {
    this.#apps.clear();
    this.#rows.clear();
    byId("apps").replaceChildren();
  }

  #make({ id, app, name, region, privateIp }) {
    const badge = element("span", { class: "badge" });
    const notes = element("span", { class: "notes" });
    const load = element("span", { class: "load-number" }, "0");
    const bar = element("span", { class: "load-bar", "aria-hidden": "true" });
    const made = element(
      "tr",
      { "data-machine": id },
      element("th", { scope: "row" }, element("code", {}, id), element("span", { class: "name" }, name)),
      element("td", {}, region),
      element("td", {}, badge, notes),
      element("td", { class: "load" }, load, bar),
      element("td", { class: "address" }, element("code", {}, privateIp)),
    );
    this.app(app).body.append(made);
    const row = { element: made, badge, notes, load, bar };
    this.#rows.set(id, row);
    return row;
  }
}
