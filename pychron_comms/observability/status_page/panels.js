// The lists beside the drawing: gauges, devices, lasers, the spectrometer, the road.

import { Strip } from "./charts.js";
import { draw, insert, make, moment, number, shown } from "./stream.js";

// Rows of one panel, however many names a server may know.
const MOST = 300;

// A list whose rows each show one item. `dress` adds to a new row what its panel has beside.
class Rows {
  constructor(place) {
    this.place = place;
    this.rows = new Map();
  }

  take(name, item, label = name) {
    let row = this.rows.get(item.path);
    if (item.gone) {
      if (row) row.element.remove();
      this.rows.delete(item.path);
      return null;
    }
    if (!row) {
      if (this.rows.size >= MOST) return null;
      const value = make("span", { class: "value" }), why = make("span", { class: "why" });
      row = { value, why, element: make("div", {}, make("span", { class: "name" }, label), value, why) };
      this.rows.set(item.path, row);
      insert(this.place, row.element, name);
      this.dress(row, name, item);
    }
    row.element.className = `item sev-${item.sev}`;
    row.value.textContent = `${item.sev === "invalid" && item.v !== null ? "last " : ""}${shown(item)}`;
    row.why.textContent = item.sev === "ok" ? "" : item.reason;
    return row;
  }

  dress() {}
}

export class Devices extends Rows {
  // Whether it answers, and since when it does not.
  instrument(name, item) {
    const row = this.take(`instrument ${name}`, item);
    if (!row || item.sev === "invalid") return;
    row.value.textContent = item.v ? "answers" : "does not answer";
    if (!item.v && item.since) row.why.textContent = `${item.reason}, since ${moment(new Date(item.since * 1000))}`;
  }

  // What the data-collection program has told of its run, or series of runs.
  run(what, item) {
    const row = this.take(what, item);
    if (!row || item.sev === "invalid") return;
    row.value.textContent = item.v || "none";
    if (item.v && item.since) row.why.textContent = `since ${moment(new Date(item.since * 1000))}`;
  }
}

export class Gauges extends Rows {
  constructor(place) {
    super(place);
    this.live = false;
    // Time goes on where nothing changes, too.
    setInterval(() => { if (this.live) this.strips().forEach(([, { strip }]) => strip.show()); }, 5000);
  }

  dress(row, name, { path }) {
    const chart = make("div", { class: "chart", role: "img", "aria-label": `${name}, the last hour` });
    row.element.append(chart);
    requestAnimationFrame(() => {
      row.strip = new Strip(chart, name);
      row.strip.add(Date.now() / 1000, row.now);
      past(path).then((points) => row.strip.fill(points));
    });
  }

  take(name, item) {
    const row = super.take(name, item);
    if (!row) return;
    row.now = item.sev === "invalid" ? null : item.v;
    if (row.strip) row.strip.add(Date.now() / 1000, row.now);
  }

  // While nothing is heard there is a gap, but for what the server still knows of that time.
  linked(live, since) {
    this.live = live;
    for (const [path, { strip, now }] of this.strips()) {
      strip.add(live ? Date.now() / 1000 : since.getTime() / 1000, live ? now : null);
      if (live) past(path).then((points) => strip.fill(points));
    }
  }

  strips() {
    return [...this.rows].filter(([, row]) => row.strip);
  }
}

async function past(path) {
  try {
    const reply = await fetch(`history?path=${encodeURIComponent(path)}`);
    return reply.ok ? await reply.json() : [];
  } catch { return []; }
}

const LASER_ROWS = [["output", "output"], ["power", "power"], ["temperature", "pyrometer"], ["position", "position"], ["holder", "holder"]];

export class Lasers {
  constructor(place) { this.place = place; this.cards = new Map(); }

  take(type, what, item) {
    let card = this.cards.get(type);
    if (!card) {
      if (this.cards.size >= MOST) return;
      card = { items: {}, state: make("span"), rows: make("div"), map: draw("svg", { class: "map", role: "img" }) };
      card.element = make("article", { class: "laser" }, make("h3", {}, type, card.state), card.rows, card.map);
      this.cards.set(type, card);
      insert(this.place, card.element, type);
    }
    if (item.gone) delete card.items[what];
    else card.items[what] = item;
    this.show(type, card);
  }

  show(type, { items, state, rows, map, element }) {
    const known = items.enabled && items.enabled.sev !== "invalid";
    const doing = items.patterning && items.patterning.v ? "pattern" : items.moving && items.moving.v ? "moving" : "";
    const was = items.enabled && items.enabled.v !== null ? `last ${items.enabled.v ? "enabled" : "disabled"}` : "unknown";
    state.textContent = !known ? was : [items.enabled.v ? "enabled" : "disabled", doing].filter(Boolean).join(" · ");
    state.className = `pill ${!known ? "unknown" : items.enabled.v ? "armed" : "off"}`;
    element.classList.toggle("stale", !known);
    rows.replaceChildren(...LASER_ROWS.filter(([what]) => items[what]).map(([what, label]) => {
      const item = items[what];
      return make("div", { class: `item sev-${item.sev}` }, make("span", { class: "name" }, label), make("span", { class: "value" }, shown(item)));
    }), ...[...new Set(Object.values(items).map(({ rule }) => rule))].filter(Boolean).map((rule) => make("p", { class: "why" }, `interlocked: ${rule}`)),
      ...(items.error && items.error.v ? [make("p", { class: "why" }, items.error.v)] : []));
    this.chart(type, map, items);
  }

  // Where the beam is on the holder, y up.
  chart(type, map, { position, holder, moving }) {
    if (!position || !Array.isArray(position.v)) return;
    const [x, y] = position.v;
    const holes = (holder && holder.holes) || [];
    const reach = Math.max(5, ...holes.map(([a, b]) => Math.hypot(a, b)), Math.hypot(x, y)) + 2;
    map.setAttribute("viewBox", `${-reach} ${-reach} ${2 * reach} ${2 * reach}`);
    const arm = reach / 7;
    const near = holes.findIndex(([a, b]) => Math.hypot(a - x, b - y) < reach / 60);
    map.replaceChildren(
      draw("circle", { class: "disc", cx: 0, cy: 0, r: reach - 1 }),
      ...holes.map(([a, b], at) => draw("circle", { class: at === near ? "hole at" : "hole", cx: a, cy: -b, r: reach / (at === near ? 26 : 42) })),
      draw("path", { class: "here", d: `M${x - arm} ${-y}h${arm * 0.55}M${x + arm} ${-y}h${-arm * 0.55}M${x} ${-y - arm}v${arm * 0.55}M${x} ${-y + arm}v${-arm * 0.55}` }));
    const where = near >= 0 ? `hole ${near + 1}` : `${number(x)}, ${number(y)} mm`;
    map.setAttribute("aria-label", `${type} is ${moving && moving.v ? "moving, near" : "at"} ${where}`);
  }
}

export class Detectors {
  constructor(place) { this.place = place; this.rows = new Map(); }

  take(name, item) {
    let row = this.rows.get(name);
    if (item.gone) {
      if (row) row.element.remove();
      this.rows.delete(name);
      return;
    }
    if (!row) {
      if (this.rows.size >= MOST) return;
      const meter = draw("rect", { class: "fill", x: 0, y: 0, width: 0, height: 8 });
      const value = make("span", { class: "value number" });
      const bar = draw("svg", { class: "bar", viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" }, meter);
      row = { meter, value, element: make("div", {}, make("span", { class: "name" }, name), bar, value) };
      this.rows.set(name, row);
      // In the order of the collectors, which is the server's.
      this.place.append(row.element);
    }
    row.value.textContent = shown(item);
    row.element.className = `bar-row sev-${item.sev}`;
    // One scale for all, by orders of magnitude: signals differ by a million.
    const size = typeof item.v === "number" && item.v > 0 ? (Math.log10(item.v) + 3) / 10 : 0;
    row.meter.setAttribute("width", 100 * Math.min(1, Math.max(0, size)));
  }
}

const KINDS = { processor: "processor", listener: "port", lease: "lease of", route: "route of", clock: "clock of", lock: "system lock", queue: "queue of" };
// The order of the kinds: what a command meets last comes first.
const ORDER = { processor: 0, route: 1, lock: 2, queue: 2, lease: 2 };

// Where a processor is, as short as one knows it by; the whole of it is in the row's title.
function near(name) {
  return name.replace(/^unix:.*\/(?=[^/]+$)|^(tcp|unix):/, "");
}

export class Road extends Rows {
  constructor(place, banner, note) {
    super(place);
    this.banner = banner;
    this.note = note;
    this.lost = new Map();
    this.holders = new Map();
  }

  take(kind, name, item) {
    // A queue's name ends in that of its processor.
    const place = kind === "queue" ? name.replace(/\/[a-z]+:.*$/, "") : near(name), what = KINDS[kind] || kind;
    const label = place.startsWith(what) ? place : [what, place].filter(Boolean).join(" ");
    const row = super.take(`${ORDER[kind] ?? 3} ${label}`, item, label);
    if (row) row.element.title = name;
    if (row && item.until) row.why.textContent = `until ${moment(new Date(item.until * 1000))}`;
    if (row && kind === "route") this.route(row, item);
    if (kind === "processor") this.processor(name, item);
    if (kind === "lock") this.lock(name, item, row);
  }

  // Where it leads is known though nobody answers there.
  route(row, item) {
    row.value.textContent = near(String(item.v));
    row.element.title = String(item.v);
    if (item.sev !== "ok") row.why.textContent = `${item.reason}, since ${moment(new Date(item.t * 1000))}`;
  }

  // Who keeps all others from the hardware.
  lock(name, item, row) {
    if (item.gone) this.holders.delete(name);
    else this.holders.set(name, `${item.v} (${item.address}) has the system lock since ${moment(new Date(item.since * 1000))}: others get 012, but for what makes safe.`);
    if (row && !item.gone) row.why.textContent = `${item.address}, since ${moment(new Date(item.since * 1000))}`;
    this.note.hidden = !this.holders.size;
    this.note.textContent = [...this.holders.values()].join(" ");
  }

  processor(name, item) {
    if (item.gone || item.sev !== "invalid") this.lost.delete(name);
    else if (!this.lost.has(name)) this.lost.set(name, new Date(item.t * 1000));
    const words = [...this.lost].map(([each, since]) => `No word from the processor ${each} since ${moment(since)}.`);
    this.banner.hidden = !words.length;
    document.body.dataset.processors = words.length ? "lost" : "here";
    this.banner.textContent = words.length ? `${words.join(" ")} What it told is grey, and may be so no more.` : "";
  }
}
