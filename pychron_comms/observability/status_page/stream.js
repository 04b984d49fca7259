// The state stream in the browser, and whether all that it told still lives.

// The server beats every 2 s; two beats missed, and nothing here can be believed. It is looked for
// each half second, so that a word which is missing shows within 5 s of the last.
const PATIENCE = 4400, LOOK = 500;

export class Stream {
  // `changed(item)`, `happened(event)` and `linked(state, since)` are called as they come.
  constructor({ changed, happened, linked }) {
    // The last of each item: panels keep what they show and no more, and are told of what is gone.
    this.items = new Map();
    this.changed = changed;
    this.happened = happened;
    this.linked = linked;
    this.state = "connecting";
    this.heard = Date.now();
    this.fresh = null;
    this.session = "";
    this.told = 0;
    this.open();
    setInterval(() => this.look(), LOOK);
  }

  open() {
    const source = (this.source = new EventSource("events"));
    const on = (topic, act) => source.addEventListener(topic, (event) => {
      this.heard = Date.now();
      act(JSON.parse(event.data));
    });
    on("hello", ({ session }) => {
      if (session !== this.session) this.told = 0;
      this.session = session;
    });
    on("gap", () => { this.fresh = new Set(); });
    on("snapshot", ({ items }) => { this.fresh ||= new Set(); items.forEach((item) => this.take(item)); });
    on("change", (item) => this.take(item));
    // A page that comes back too late is told some of them again.
    on("event", (event) => {
      if (event.seq <= this.told) return;
      this.told = event.seq;
      this.happened(event);
    });
    on("live", () => { this.forget(); this.link("live"); });
    on("beat", () => this.link("live"));
    on("bye", () => this.link("lost"));
    source.onerror = () => this.link("lost");
  }

  take(item) {
    if (this.fresh) this.fresh.add(item.path);
    if (item.gone) this.items.delete(item.path);
    else this.items.set(item.path, item);
    this.changed(item);
  }

  // What another life of the server does not know any more.
  forget() {
    if (this.fresh) {
      for (const [path, item] of [...this.items]) {
        if (!this.fresh.has(path)) this.take({ ...item, gone: true, sev: "invalid" });
      }
    }
    this.fresh = null;
  }

  look() {
    if (Date.now() - this.heard <= PATIENCE) return;
    this.link("lost");
    // A connection that says nothing may never end by itself.
    this.source.close();
    this.heard = Date.now();
    this.open();
  }

  link(state) {
    if (state === this.state) return;
    this.state = state;
    this.linked(state, new Date(this.heard));
  }
}

// An item's value with its unit, as a person reads it.
export function shown(item) {
  const { v, unit } = item;
  if (v === null || v === undefined) return "unknown";
  if (typeof v === "boolean") return v ? "yes" : "no";
  if (v === "" || (Array.isArray(v) && !v.length)) return "none";
  if (Array.isArray(v)) return v.map((each) => number(each)).join(", ") + (unit ? ` ${unit}` : "");
  if (typeof v === "object") return JSON.stringify(v).slice(0, 200);
  return number(v) + (unit ? ` ${SIGNS[unit] || unit}` : "");
}

const SIGNS = { C: "°C" };

export function number(value) {
  if (typeof value !== "number") return String(value).slice(0, 200);
  const size = Math.abs(value);
  if (value === 0) return "0";
  if (size >= 1e5 || size < 1e-3) return value.toExponential(2).replace("-", "−");
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

// A time of today alone, and with its day where it was another.
export function moment(when) {
  const today = when.toDateString() === new Date().toDateString();
  return today ? when.toLocaleTimeString() : when.toLocaleString();
}

// Elements are made, never parsed from text: names and replies may hold markup.
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

// As people count: V9 before V10.
const ORDER = new Intl.Collator(undefined, { numeric: true });
export const byName = (one, other) => ORDER.compare(one, other);

// One element for each name, in their order.
export function insert(place, element, name) {
  element.dataset.name = name;
  const after = [...place.children].find((each) => byName(each.dataset.name, name) > 0);
  place.insertBefore(element, after || null);
}
