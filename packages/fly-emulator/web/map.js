import { element, setText } from "./element.js";
import { isLand } from "./land.js";

const WIDTH = 1000;
const HEIGHT = 470;
const NORTH = 76;
const SOUTH = -52;
/** Degrees between two dots of land. */
const GRID = 2.6;
/** What two regions have between them on the map, at least. */
const ROOM = 42;
/** No more arcs than this at a time: more would be a blur. */
const MOST_ARCS = 40;
const ARC_MS = 1100;

const still = matchMedia("(prefers-reduced-motion: reduce)");

function place({ longitude, latitude }) {
  return { x: ((longitude + 172) / 352) * WIDTH, y: ((NORTH - latitude) / (NORTH - SOUTH)) * HEIGHT };
}

/** The map: land as dots, regions with their machines, and what goes between them. */
export class WorldMap {
  #svg;
  #arcs = element("svg:g", { class: "arcs" });
  #cuts = element("svg:g", { class: "cuts" });
  #regions = new Map();
  #description = element("svg:desc", { id: "map-description" });

  constructor(target, regions) {
    this.#svg = element(
      "svg:svg",
      {
        viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
        role: "img",
        "aria-labelledby": "map-title",
        "aria-describedby": "map-description",
      },
      this.#description,
      land(),
      this.#cuts,
      this.#arcs,
    );
    const places = apart(regions.map(place));
    regions.forEach((region, index) => this.#add(region, place(region), places[index]));
    target.replaceChildren(this.#svg);
  }

  #add(region, real, at) {
    const leader = element("svg:path", { class: "leader", d: `M${real.x} ${real.y}L${at.x} ${at.y}` });
    this.#svg.insertBefore(leader, this.#cuts);
    const ring = element("svg:circle", { r: 4, class: "region-dot" });
    const code = element("svg:text", { class: "region-code", y: -9 }, region.code);
    const count = element("svg:text", { class: "region-count", dy: "0.36em" });
    const title = element("svg:title", {}, `${region.city} (${region.code})`);
    const group = element(
      "svg:g",
      { class: "region", transform: `translate(${at.x} ${at.y})` },
      title,
      ring,
      count,
      code,
    );
    this.#svg.append(group);
    this.#regions.set(region.code, { ...region, at, group, ring, count, code, title });
  }

  /** Draws how many machines each region has. */
  show(machines) {
    const totals = new Map();
    for (const { region, state } of machines) {
      const total = totals.get(region) ?? { started: 0, other: 0 };
      if (state === "started") total.started++;
      else total.other++;
      totals.set(region, total);
    }
    for (const [code, region] of this.#regions) {
      const { started, other } = totals.get(code) ?? { started: 0, other: 0 };
      const all = started + other;
      region.group.setAttribute(
        "class",
        `region ${all === 0 ? "is-empty" : started > 0 ? "is-started" : "is-stopped"}`,
      );
      const radius = all === 0 ? 3.2 : Math.min(26, 10 + 3 * Math.log2(all));
      region.ring.setAttribute("r", radius);
      region.code.setAttribute("y", -radius - 5);
      setText(region.count, all === 0 ? "" : other === 0 ? `${started}` : `${started}/${all}`);
      setText(
        region.title,
        `${region.city} (${code}): ${all === 0 ? "no machines" : `${started} of ${all} machines run`}`,
      );
    }
    const words = [...totals].map(([code, { started, other }]) => `${code}: ${started} of ${started + other} run`);
    setText(this.#description, words.length === 0 ? "No machines." : `Machines by region. ${words.join("; ")}.`);
  }

  /** Draws between which regions nothing gets through. */
  showCuts(pairs) {
    this.#cuts.replaceChildren(
      ...pairs.flatMap(([a, b]) => {
        const [from, to] = [this.#regions.get(a), this.#regions.get(b)];
        if (from === undefined || to === undefined) return [];
        return [element("svg:path", { class: "cut", d: curve(from.at, to.at) })];
      }),
    );
  }

  /** Shows that something goes from one region to another, or stays in one. */
  fly(from, to, kind) {
    const [start, end] = [this.#regions.get(from), this.#regions.get(to)];
    if (start === undefined || end === undefined || still.matches || this.#arcs.childElementCount >= MOST_ARCS) return;
    const arc =
      from === to
        ? element("svg:circle", { class: `pulse ${kind}`, cx: start.at.x, cy: start.at.y, r: 12 })
        : element("svg:path", { class: `arc ${kind}`, d: curve(start.at, end.at), pathLength: 100 });
    this.#arcs.append(arc);
    setTimeout(() => arc.remove(), ARC_MS);
  }
}

/** Moves what is too close together apart: half of Europe's regions would be one blot. */
function apart(places) {
  const moved = places.map(({ x, y }) => ({ x, y }));
  for (let round = 0; round < 120; round++) {
    for (let i = 0; i < moved.length; i++) {
      for (let j = 0; j < i; j++) {
        const [a, b] = [moved[i], moved[j]];
        const distance = Math.hypot(a.x - b.x, a.y - b.y) || 1;
        const push = Math.max(0, ROOM - distance) / 2 / distance;
        const [dx, dy] = [(a.x - b.x) * push, (a.y - b.y) * push];
        a.x += dx;
        a.y += dy;
        b.x -= dx;
        b.y -= dy;
      }
    }
  }
  return moved;
}

/** An arc that rises to the north, the more the farther it goes. */
function curve(from, to) {
  const lift = Math.min(120, Math.hypot(to.x - from.x, to.y - from.y) * 0.28);
  return `M${from.x} ${from.y}Q${(from.x + to.x) / 2} ${(from.y + to.y) / 2 - lift} ${to.x} ${to.y}`;
}

/** All dots in one path: a dot is a line of no length with a round end. */
function land() {
  let d = "";
  for (let latitude = NORTH; latitude > SOUTH; latitude -= GRID) {
    for (let longitude = -171; longitude < 180; longitude += GRID) {
      if (!isLand(longitude, latitude)) continue;
      const { x, y } = place({ longitude, latitude });
      d += `M${x.toFixed(1)} ${y.toFixed(1)}h0`;
    }
  }
  return element("svg:path", { class: "land", d });
}
