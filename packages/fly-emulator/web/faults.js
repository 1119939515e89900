import { byId, element, setText } from "./element.js";
import { call } from "./feed.js";

/** What can be switched on, in words. */
const KINDS = [
  ["no-capacity", "No capacity", "Creates and starts find no room"],
  ["rate-limit", "429", "The API says that there were too many calls"],
  ["error", "5xx", "The API fails, and does nothing"],
  ["lost-reply", "Lost reply", "The API does it, and the answer is lost"],
  ["slow", "Slow", "The API takes a second longer"],
  ["stuck-created", "Stuck in created", "New machines do not boot"],
  ["stale-list", "Stale list", "Lists are a second old"],
  ["snapshot-lost", "Snapshot lost", "What was suspended boots anew"],
  ["lease-held", "Lease held", "Fly itself holds the lease of each machine, so that changes are refused"],
  ["host-dead", "Host dead", "Machines die and cannot be reached"],
  ["network-cut", "Network cut", "Nothing gets through between two regions"],
];

/** The buttons that make things go wrong, and the list of what does. */
export class Faults {
  #token;

  constructor(token, regions) {
    this.#token = token;
    for (const select of [byId("fault-region"), byId("fault-peer")]) {
      for (const { code, city } of regions) select.append(element("option", { value: code }, `${code} ${city}`));
    }
    byId("fault-kinds").replaceChildren(
      ...KINDS.map(([kind, label, about]) =>
        element(
          "button",
          { type: "button", "data-kind": kind, title: about, onclick: () => this.#add(kind, label) },
          label,
        ),
      ),
    );
  }

  setApps(names) {
    const select = byId("fault-app");
    const chosen = select.value;
    select.replaceChildren(
      element("option", { value: "" }, "any"),
      ...names.map((name) => element("option", { value: name }, name)),
    );
    select.value = names.includes(chosen) ? chosen : "";
  }

  show(faults) {
    byId("no-faults").hidden = faults.length > 0;
    byId("faults").replaceChildren(
      ...faults.map((fault) =>
        element(
          "li",
          {},
          element("span", {}, element("b", {}, fault.kind), ` ${describe(fault)}`),
          element(
            "button",
            {
              type: "button",
              "aria-label": `Clear ${fault.kind} ${describe(fault)}`,
              onclick: () => this.#remove(fault),
            },
            "Clear",
          ),
        ),
      ),
    );
  }

  async #add(kind, label) {
    const field = (id) => byId(id).value || undefined;
    const cut = kind === "network-cut";
    const spec = {
      kind,
      app: cut ? undefined : field("fault-app"),
      region: field("fault-region"),
      peer: cut ? field("fault-peer") : undefined,
      times: cut || kind === "host-dead" ? undefined : field("fault-times"),
    };
    if (cut && spec.region === undefined) return this.#say("A network cut needs a region: choose one above.", true);
    await this.#try(() => call(this.#token, "POST", "faults", spec), `${label} is on.`);
  }

  async #remove({ id, kind }) {
    await this.#try(() => call(this.#token, "DELETE", `faults/${id}`), `${kind} is off.`);
  }

  async #try(act, done) {
    try {
      await act();
      this.#say(done, false);
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #say(text, bad) {
    byId("fault-status").classList.toggle("is-bad", bad);
    setText(byId("fault-status"), text);
  }
}

function describe({ app, region, peer, machine, action, times, struck }) {
  const parts = [
    app === undefined ? "" : `of ${app}`,
    region === undefined ? "" : `in ${region}`,
    peer === undefined ? "" : `from ${peer}`,
    machine === undefined ? "" : `at ${machine}`,
    action === undefined ? "" : `on ${action}`,
    times === undefined ? "" : `${times - struck} more times`,
    struck === 0 ? "" : `(struck ${struck} times)`,
  ];
  return parts.filter((part) => part !== "").join(" ");
}
