import { byId, setText } from "./element.js";
import { Faults } from "./faults.js";
import { call, follow } from "./feed.js";
import { Machines } from "./machines.js";
import { WorldMap } from "./map.js";
import { Requests } from "./requests.js";

const KEPT = "flamelet-fly-token";

const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? sessionStorage.getItem(KEPT);
// The token stays in this tab, and out of what is copied from the address bar.
if (token !== null) sessionStorage.setItem(KEPT, token);
if (location.hash.includes("token=")) history.replaceState(null, "", location.pathname);

byId("sign-in").addEventListener("submit", (event) => {
  event.preventDefault();
  sessionStorage.setItem(KEPT, byId("token").value.trim());
  location.reload();
});

/** Asks for a token: there is none, or it is not the right one. */
function askForToken(why) {
  byId("sign-in").hidden = false;
  byId("page").hidden = true;
  setText(byId("connection"), why);
  byId("token").focus();
}

async function start() {
  const regions = await call(token, "GET", "regions");
  try {
    await call(token, "GET", "faults");
  } catch (error) {
    return askForToken(error.message);
  }
  const map = new WorldMap(byId("map"), regions);
  const tables = new Machines();
  const requests = new Requests();
  const faults = new Faults(token, regions);
  const apps = new Set();
  const machines = new Map();
  /** Where each request is, to draw from there. */
  const at = new Map();
  let drawn = true;

  const draw = () => {
    drawn = true;
    map.show(machines.values());
    const started = [...machines.values()].filter(({ state }) => state === "started").length;
    const text =
      machines.size === 0
        ? "No machines yet"
        : `${started} of ${machines.size} machines run in ${apps.size} ${apps.size === 1 ? "app" : "apps"}`;
    setText(byId("summary"), text);
    byId("no-machines").hidden = apps.size > 0;
  };
  const redraw = () => {
    if (!drawn) return;
    drawn = false;
    requestAnimationFrame(draw);
  };
  const setMachine = (machine) => {
    if (machine.state === "destroyed") {
      machines.delete(machine.id);
      tables.remove(machine.id);
    } else {
      machines.set(machine.id, machine);
      tables.set(machine);
    }
    redraw();
  };
  const setFaults = (list) => {
    faults.show(list);
    const cuts = list.filter(({ kind }) => kind === "network-cut");
    const all = regions.map(({ code }) => code);
    map.showCuts(cuts.flatMap(({ region, peer }) => (peer ? [peer] : all).map((other) => [region, other])));
  };
  const setApps = () => {
    faults.setApps([...apps].sort());
    redraw();
  };

  const seen = {
    request(event) {
      at.set(event.request, event.edge);
      requests.begin(event);
    },
    delivery(event) {
      map.fly(at.get(event.request) ?? event.region, event.region, event.way === "balance" ? "request" : "replay");
      at.set(event.request, event.region);
      requests.deliver(event);
    },
    end(event) {
      at.delete(event.request);
      requests.end(event);
    },
    trouble: (event) => requests.trouble(event),
  };

  follow(
    token,
    {
      state(state) {
        machines.clear();
        apps.clear();
        tables.clear();
        for (const name of state.apps) {
          apps.add(name);
          tables.app(name);
        }
        for (const machine of state.machines) setMachine(machine);
        setText(byId("app-address"), state.proxy.replace("://127.0.0.1", `://${state.apps[0] ?? "<app>"}.localhost`));
        setFaults(state.faults);
        setApps();
      },
      machine: setMachine,
      app({ name, what }) {
        if (what === "created") {
          apps.add(name);
          tables.app(name);
        } else {
          apps.delete(name);
          tables.removeApp(name);
        }
        setApps();
      },
      faults: setFaults,
      loads(loads) {
        for (const [id, load] of Object.entries(loads)) tables.setLoad(id, load);
      },
      proxy: (event) => seen[event.type]?.(event),
    },
    (state) => {
      byId("connection").classList.toggle("is-lost", state === "lost");
      setText(byId("connection"), state === "open" ? "Live" : "Lost; trying again");
    },
  );
}

if (token === null) askForToken("A token is needed");
else start().catch((error) => setText(byId("connection"), `Cannot show it: ${error.message}`));
