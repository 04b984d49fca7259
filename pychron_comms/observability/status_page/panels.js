// The lists beside the drawing: gauges, lasers, the spectrometer, the road, the commands.

import { draw, make, number, shown } from "./stream.js";
import { Strip } from "./charts.js";

const ROWS = 200;

export class Gauges {
  constructor(place) { this.place = place; this.rows = new Map(); }

  take(name, item) {
    let row = this.rows.get(item.path);
    if (!row) {
      row = this.row(name, item);
      this.rows.set(item.path, row);
      sorted(this.place, row.element, name);
    }
    row.value.textContent = shown(item);
    row.why.textContent = item.reason || "";
    row.element.className = `item sev-${item.sev}`;
    if (row.strip && typeof item.v === "number") {
      row.strip.add(Date.now() / 1000, item.sev === "invalid" ? null : item.v);
    }
  }

  row(name, item) {
    const value = make("span", { class: "value" });
    const why = make("span", { class: "why" });
    const element = make("div", { class: "item", "data-name": name }, make("span", {}, name), value, why);
    const row = { element, value, why, strip: null };
    if (item.unit === "mbar") {
      const chart = make("div", { class: "chart", role: "img", "aria-label": `${name}, the last hour` });
      element.append(chart);
      requestAnimationFrame(() => {
        row.strip = new Strip(chart, name, true);
        past(item.path).then((points) => row.strip.fill(points));
      });
    }
    return row;
  }
}

async function past(path) {
  try {
    const reply = await fetch(`history?path=${encodeURIComponent(path)}`);
    return reply.ok ? await reply.json() : [];
  } catch { return []; }
}

export class Lasers {
  constructor(place) { this.place = place; this.cards = new Map(); }

  take(type, what, item) {
    let card = this.cards.get(type);
    if (!card) {
      card = { items: {}, state: make("span"), rows: make("div"), map: draw("svg", { class: "map", role: "img" }) };
      card.element = make("article", { class: "laser", "data-name": type },
        make("h3", {}, make("span", {}, type), card.state), card.rows, card.map);
      this.cards.set(type, card);
      sorted(this.place, card.element, type);
    }
    card.items[what] = item;
    this.show(type, card);
  }

  show(type, { items, state, rows, map }) {
    const known = items.enabled && items.enabled.sev !== "invalid";
    state.textContent = !known ? "unknown" : items.enabled.v ? "enabled" : "disabled";
    state.className = known && items.enabled.v ? "armed" : "off";
    const wanted = [["output", "output"], ["power", "power"], ["temperature", "pyrometer"], ["holder", "holder"]];
    rows.replaceChildren(...wanted.filter(([what]) => items[what]).map(([what, label]) => {
      const item = items[what];
      return make("div", { class: `item sev-${item.sev}` }, make("span", {}, label), make("span", { class: "value" }, shown(item)));
    }));
    this.place2(type, map, items);
  }

  place2(type, map, { position, holder, moving }) {
    if (!position || !Array.isArray(position.v)) return;
    const [x, y] = position.v;
    const holes = (holder && holder.holes) || [];
    const reach = Math.max(5, ...holes.map(([a, b]) => Math.hypot(a, b)), Math.hypot(x, y)) + 2;
    map.setAttribute("viewBox", `${-reach} ${-reach} ${2 * reach} ${2 * reach}`);
    const dots = holes.map(([a, b]) => draw("circle", { class: "hole", cx: a, cy: -b, r: reach / 45 }));
    const arm = reach / 12;
    map.replaceChildren(
      draw("circle", { class: "disc", cx: 0, cy: 0, r: reach - 1 }), ...dots,
      draw("path", { class: "here", d: `M${x - arm} ${-y}h${2 * arm}M${x} ${-y - arm}v${2 * arm}` }));
    const words = `${type} is ${moving && moving.v ? "moving" : "at"} ${number(x)}, ${number(y)} mm`;
    map.setAttribute("aria-label", words);
  }
}

export class Detectors {
  constructor(place) { this.place = place; this.rows = new Map(); }

  take(name, item) {
    let row = this.rows.get(name);
    if (!row) {
      const meter = make("div");
      const value = make("span", { class: "value number" });
      row = { meter, value, element: make("div", { class: "bar-row", "data-name": name }, make("span", {}, name), make("div", { class: "bar", "aria-hidden": "true" }, meter), value) };
      this.rows.set(name, row);
      this.place.append(row.element);
    }
    row.item = item;
    row.value.textContent = shown(item);
    row.element.className = `bar-row sev-${item.sev}`;
    // One scale for all, by orders of magnitude: signals differ by a million.
    const size = typeof item.v === "number" && item.v > 0 ? (Math.log10(item.v) + 3) / 10 : 0;
    row.meter.style.width = `${100 * Math.min(1, Math.max(0, size))}%`;
  }
}

export class Road {
  constructor(place) { this.place = place; this.rows = new Map(); }

  take(name, item) {
    let row = this.rows.get(item.path);
    if (!row) {
      row = { value: make("span", { class: "value" }), why: make("span", { class: "why" }) };
      row.element = make("div", { "data-name": name }, make("span", {}, name), row.value, row.why);
      this.rows.set(item.path, row);
      sorted(this.place, row.element, name);
    }
    row.element.className = `item sev-${item.sev}`;
    row.element.hidden = item.gone === true;
    row.value.textContent = shown(item);
    row.why.textContent = item.reason || "";
  }
}

export class Commands {
  constructor(rows, none) { this.rows = rows; this.none = none; }

  take(event) {
    const failed = String(event.reply).startsWith("ERROR");
    const row = make("tr", failed ? { class: "failed" } : {},
      make("td", { class: "time" }, new Date(event.t * 1000).toLocaleTimeString()),
      make("td", {}, event.who), make("td", {}, `${event.type} ${event.command}`),
      make("td", { class: "outcome" }, event.reply),
      make("td", { class: "number" }, `${number(Math.round(event.seconds * 1e4) / 10)} ms`));
    this.rows.prepend(row);
    while (this.rows.children.length > ROWS) this.rows.lastChild.remove();
    this.none.hidden = true;
  }
}

function sorted(place, element, name) {
  const after = [...place.children].find((each) => each.dataset.name.localeCompare(name, undefined, { numeric: true }) > 0);
  place.insertBefore(element, after || null);
}
