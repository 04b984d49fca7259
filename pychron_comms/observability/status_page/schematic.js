// The extraction line as a drawing: built once for each schematic, then only its classes change.

import { bits, placed } from "./placing.js";
import { byName, draw, make } from "./stream.js";

const VALVES = new Set(["valve", "rough_valve", "manual_valve"]);
const FLOW = { turbo: "pump", ionpump: "pump" };
// The source of highest rank colours all that it reaches, as Pychron's canvas has it.
const RANK = { pump: 120, laser: 100, pipette: 100, tank: 90, spectrometer: 80, coldfinger: 71, getter: 70 };
const KIND_NAMES = { turbo: "turbo pump", ionpump: "ion pump", coldfinger: "cold finger", stage: "volume" };
const VALVE_NAMES = { valve: "Valve", rough_valve: "Rough valve", manual_valve: "Manual valve" };
// Valves beside the drawing that are named.
const MOST = 50;
const MARGIN = 2;
// A drawing of one valve is not as large as the window.
const LEAST_WIDTH = 30, LEAST_HEIGHT = 12;

export class Drawing {
  constructor(place) {
    this.place = place;
    this.beside = make("p", { class: "empty", hidden: "" });
    this.valves = new Map();
    this.states = new Map();
    this.leases = new Map();
    this.model = null;
  }

  show(model) {
    this.model = model;
    this.valves.clear();
    const shapes = new Map(model.shapes.map((shape) => [shape.name, shape]));
    const xs = model.shapes.flatMap((s) => [s.x - s.width / 2, s.x + s.width / 2]);
    const ys = model.shapes.flatMap((s) => [s.y - s.height / 2, s.y + s.height / 2]);
    for (const { points } of model.connections) {
      for (const [x, y] of points) { xs.push(x); ys.push(y); }
    }
    if (!xs.length) return;
    let left = Math.min(...xs) - MARGIN, top = Math.max(...ys) + MARGIN;
    let width = Math.max(...xs) - left + MARGIN, height = top - Math.min(...ys) + MARGIN;
    const beside = Math.max(0, LEAST_WIDTH - width), above = Math.max(0, LEAST_HEIGHT - height);
    left -= beside / 2;
    top += above / 2;
    width += beside;
    height += above;
    const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Volumes and valves" });
    const at = (x, y) => [x - left, top - y];
    this.pipes = model.connections.map((pipe) => {
      const ends = [shapes.get(pipe.start), ...pipe.points.map(([x, y]) => ({ x, y })), shapes.get(pipe.end)];
      const places = ends.map(({ x, y }) => at(x, y));
      const line = draw("polyline", { class: "pipe", points: places.map((each) => each.join(",")).join(" ") });
      svg.append(line);
      return { ...pipe, line, places };
    });
    this.volumes = new Map();
    const pipes = bits(this.pipes.map(({ places }) => places));
    const boxes = new Map(model.shapes.map((shape) => [shape, box(shape, at)]));
    for (const shape of model.shapes) {
      const [x, y] = at(shape.x, shape.y);
      if (!VALVES.has(shape.kind)) {
        svg.append(this.volume(shape, x, y));
        continue;
      }
      const others = [...boxes].filter(([each]) => each !== shape).map(([, each]) => each);
      const place = placed({ ...shape, x, y }, shape.label || shape.name, pipes, others);
      place.room.forEach((room) => boxes.set(room, room));
      svg.append(this.valve(shape, x, y, place));
    }
    this.place.replaceChildren(svg, this.beside);
    for (const item of this.states.values()) this.paint(item);
    this.flow();
    this.tellBeside();
  }

  // A valve that is not drawn is not to be overlooked.
  tellBeside() {
    const names = [...this.states.keys()].filter((name) => !this.valves.has(name)).sort(byName);
    this.beside.hidden = !names.length;
    const said = names.slice(0, MOST).map((name) => `${name} ${marksOf(this.states.get(name)).word}`);
    if (names.length > MOST) said.push(`and ${names.length - MOST} more`);
    this.beside.textContent = names.length ? `Not in the drawing: ${said.join(", ")}` : "";
  }

  volume(shape, x, y) {
    const { width, height, name, kind } = shape;
    const rect = draw("rect", { x: x - width / 2, y: y - height / 2, width, height, rx: 0.4 });
    const word = KIND_NAMES[kind] || kind;
    const says = height < 2.4 || (shape.label || name).toLowerCase().includes(word) ? "" : word;
    const label = draw("text", { x, y: says ? y - 0.35 : y, class: says ? "label over" : "label" });
    label.textContent = shape.label || name;
    // A long name must fit its box.
    label.style.setProperty("--fit", `${(width - 0.8) / (0.62 * label.textContent.length)}px`);
    const below = draw("text", { x, y: y + 0.75, class: "kind" });
    below.textContent = says;
    below.style.setProperty("--fit", `${(width - 0.4) / (0.56 * (says.length || 1))}px`);
    this.volumes.set(name, { shape, rect });
    return draw("g", { class: "volume" }, rect, label, below);
  }

  valve(shape, x, y, place) {
    const { name, kind } = shape;
    const size = Math.min(shape.width, shape.height);
    const group = draw("g", { class: "valve invalid", tabindex: 0, role: "img", "data-name": name });
    const bar = draw("line", { class: "bar", x1: x - size * 0.3, y1: y, x2: x + size * 0.3, y2: y });
    const text = (what, [left, top]) => draw("text", { x: left, y: top, class: what, "text-anchor": place.anchor });
    const label = text("name", place.name), word = text("word", place.word);
    label.textContent = shape.label || name;
    const title = draw("title");
    const badges = draw("g", { class: "badges" });
    group.append(title, bodyOf(kind, x, y, size), bar, badges, label, word);
    const side = place.anchor === "end" ? 1 : -1;
    const valve = { group, title, word, badges, side, called: `${VALVE_NAMES[kind]} ${name}`, x: x + (side * size) / 2, y: y - size / 2 };
    this.valves.set(name, valve);
    this.say(valve, { classes: ["invalid"], badges: [], word: "unknown", text: "unknown, nothing is told of it" });
    return group;
  }

  take(name, item) {
    if (item.gone) this.states.delete(name);
    else this.states.set(name, item);
    if (!this.model) return;
    this.paint(item);
    this.flow();
    this.tellBeside();
  }

  // A lease names its type and a part, as in System:A, or the type alone for the whole line.
  lease(part, item) {
    const [type, name = ""] = part.split(":");
    if (type !== "System") return;
    if (item.gone) this.leases.delete(name === type ? "" : name);
    else this.leases.set(name === type ? "" : name, item.v);
    if (this.model) for (const each of this.states.values()) this.paint(each);
  }

  paint(item) {
    const name = item.path.split("/").pop();
    const valve = this.valves.get(name);
    if (!valve) return;
    this.say(valve, marksOf(item, this.leases.get(name) || this.leases.get("")));
  }

  say(valve, { classes, badges, word, text }) {
    valve.group.setAttribute("class", ["valve", ...classes].join(" "));
    valve.word.textContent = word;
    valve.badges.replaceChildren(...badges.map((each, at) => badge(each, valve.x + valve.side * at * 0.2, valve.y + at * 1.2)));
    valve.title.textContent = `${valve.called}: ${text}`;
    valve.group.setAttribute("aria-label", `${valve.called}: ${text}`);
  }

  isOpen(name) {
    const item = this.states.get(name);
    return Boolean(item && item.v && item.sev !== "invalid");
  }

  isLost(name) {
    const item = this.states.get(name);
    return Boolean(item && item.sev === "invalid");
  }

  // Colour what is connected, as gas would flow: through open valves alone. What may have come
  // through a valve that is lost is not known.
  flow() {
    const region = new Map();
    const around = new Map();
    const link = (one, other) => around.set(one, [...(around.get(one) || []), other]);
    for (const { start, end } of this.pipes) { link(start, end); link(end, start); }
    for (const first of this.volumes.keys()) {
      if (region.has(first)) continue;
      const reached = [], todo = [first];
      region.set(first, reached);
      while (todo.length) {
        const name = todo.pop();
        reached.push(name);
        for (const next of around.get(name) || []) {
          if (this.isLost(next)) reached.isUnknown = true;
          if (region.has(next) || (this.valves.has(next) && !this.isOpen(next))) continue;
          region.set(next, reached);
          todo.push(next);
        }
      }
    }
    const colours = new Map();
    const colourOf = (name) => {
      const reached = region.get(name);
      if (!reached) return "stage";
      if (!colours.has(reached)) colours.set(reached, reached.isUnknown ? "stage" : this.strongest(reached));
      return colours.get(reached);
    };
    for (const [name, { rect }] of this.volumes) rect.setAttribute("class", `fill-${colourOf(name)}`);
    for (const { start, end, line } of this.pipes) {
      // A pipe has the colour of its side of a closed valve.
      const name = this.valves.has(start) && !region.has(start) ? end : start;
      line.setAttribute("class", `pipe flow-${colourOf(name)}`);
    }
  }

  strongest(names) {
    let best = "stage";
    for (const name of names) {
      const volume = this.volumes.get(name);
      const kind = volume && (FLOW[volume.shape.kind] || volume.shape.kind);
      if (kind && (RANK[kind] || 0) > (RANK[best] || 0)) best = kind;
    }
    return best;
  }
}

// As [left, top, right, bottom], where `at` puts it.
function box({ x, y, width, height }, at) {
  return [...at(x - width / 2, y + height / 2), ...at(x + width / 2, y - height / 2)];
}

// Pychron's forms: a circle, for roughing a triangle, for what a hand turns a square.
function bodyOf(kind, x, y, size) {
  const half = size / 2;
  if (kind === "manual_valve") return draw("rect", { class: "body", x: x - half, y: y - half, width: size, height: size, rx: 0.25 });
  if (kind === "rough_valve") {
    const reach = half * 1.3;
    return draw("path", { class: "body", d: `M${x} ${y - reach}L${x + reach * 1.05} ${y + half}H${x - reach * 1.05}Z`, "stroke-linejoin": "round" });
  }
  return draw("circle", { class: "body", cx: x, cy: y, r: half });
}

// What is to be seen of a valve, and the words for who does not see it.
function marksOf(item, lease) {
  const classes = [], words = [], badges = [];
  let word = item.v ? "open" : "closed";
  const stands = item.v ? "open" : "closed";
  if (item.gone || item.sev === "invalid") {
    classes.push("invalid");
    words.push(`unknown (${item.reason || "no word"}), last ${stands}`);
    word = item.v === null ? "unknown" : `last ${stands}`;
  } else if (item.moving) {
    classes.push("moving");
    words.push(item.target ? "opening" : "closing");
    word = "moving";
  } else {
    classes.push(stands);
    words.push(stands);
  }
  if (item.sev === "major" || item.sev === "minor") { badges.push("fault"); words.push(item.reason); }
  if (item.locked) { badges.push("locked"); words.push("software locked"); }
  if (item.owner) { badges.push("owned"); words.push(`owned by ${item.owner}`); }
  if (lease && !item.owner) { badges.push("owned"); words.push(`leased to ${lease}`); }
  if (item.interlocks && item.interlocks.length) {
    badges.push("interlocked");
    words.push(`kept from opening by ${item.interlocks.join(", ")}`);
  }
  if (item.rule) {
    if (!badges.includes("interlocked")) badges.push("interlocked");
    words.push(`kept as it is by a rule: ${item.rule}`);
  } else if (item.rule === "") { badges.push("guarded"); words.push("guarded by a rule, which lets it"); }
  if (item.src !== "readback" && item.src !== "indicator") {
    badges.push("unproven");
    words.push(`not proven: ${item.src}`);
  }
  return { classes, badges, text: words.join(", "), word };
}

// Small shapes that differ without their colours: a lock, a person, a link, a question.
const SHAPES = {
  locked: "M-.3 -.02h.6v.38h-.6zM-.18 -.02v-.14a.18.18 0 0 1 .36 0v.14",
  owned: "M0 -.34a.16.16 0 1 1 0 .32a.16.16 0 1 1 0 -.32M-.3 .34a.3 .3 0 0 1 .6 0",
  interlocked: "M-.3 -.3L.3 .3M.3 -.3L-.3 .3",
  guarded: "M-.3 -.3L.3 .3M.3 -.3L-.3 .3",
  unproven: "M-.16 -.16a.17.17 0 1 1 .24 .16q-.08 .05 -.08 .14M0 .3v.01",
  fault: "M0 -.34v.38M0 .3v.01",
};

function badge(kind, x, y) {
  return draw("g", { class: `badge ${kind}`, transform: `translate(${x} ${y})` },
    draw("circle", { r: 0.62 }), draw("path", { d: SHAPES[kind] }));
}

export function legend(place) {
  const entry = (text, ...parts) => make("li", {}, draw("svg", { viewBox: "0 0 2.6 2.6", "aria-hidden": "true" }, ...parts), text);
  for (const [classes, text] of [["open", "open"], ["closed", "closed"], ["moving", "moving"], ["invalid", "unknown, stale"]]) {
    place.append(entry(text, draw("g", { class: `valve ${classes}` },
      draw("circle", { class: "body", cx: 1.3, cy: 1.3, r: 1 }),
      draw("line", { class: "bar", x1: 0.7, y1: 1.3, x2: 1.9, y2: 1.3 }))));
  }
  for (const [kind, text] of [["locked", "software locked"], ["owned", "owned or leased"], ["interlocked", "interlocked"], ["guarded", "guarded by a rule"], ["unproven", "not proven"], ["fault", "fault"]]) {
    place.append(entry(text, draw("g", { transform: "translate(1.3 1.3) scale(1.8)" }, badge(kind, 0, 0))));
  }
}
