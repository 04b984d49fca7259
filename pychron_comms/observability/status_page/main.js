// The page: each item of the stream goes to the panel that shows its kind.

import { Stream } from "./stream.js";
import { Drawing, legend } from "./schematic.js";
import { Commands, Detectors, Gauges, Lasers, Road } from "./panels.js";

const find = (name) => document.getElementById(name);
const drawing = new Drawing(find("schematic"));
const gauges = new Gauges(find("gauge-list"));
const lasers = new Lasers(find("laser-list"));
const detectors = new Detectors(find("detector-list"));
const road = new Road(find("road-list"));
const commands = new Commands(find("command-rows"), find("no-commands"));
const LASER = new Set(["enabled", "error", "power", "output", "temperature", "position", "moving", "holder", "patterning"]);
const alarms = new Map();

function changed(item) {
  const parts = item.path.split("/");
  const [first, second] = parts;
  const rest = parts.slice(1).join("/");
  if (second === "valve") drawing.take(parts.slice(2).join("/"), item);
  else if (second === "schematic") { if (item.v) drawing.show(item.v); }
  else if (second === "detector") detectors.take(parts.slice(2).join("/"), item);
  else if (first === "device" || second === "pipette") gauges.take(first === "device" ? rest : `pipette ${parts[2]}`, item);
  else if (first === "road" || first === "lease") road.take(first === "lease" ? `lease of ${rest}` : rest.replace("/", " "), item);
  else if (first === "alarm") alarm(rest, item);
  else if (LASER.has(second) && parts.length === 2) lasers.take(first, second, item);
}

function alarm(name, item) {
  if (item.v) alarms.set(name, item); else alarms.delete(name);
  find("alarms").textContent = alarms.size ? `Alarm: ${[...alarms.values()].map((each) => each.reason || each.path).join("; ")}` : "";
}

function linked(state, since) {
  document.body.dataset.link = state;
  find("link-text").textContent = state === "live" ? "live" : state === "lost" ? "not connected" : "connecting";
  const lost = find("lost");
  lost.hidden = state !== "lost";
  lost.textContent = state === "lost" ? `Nothing has been heard of the server since ${since.toLocaleTimeString()}. What is shown is as it was then.` : "";
}

legend(find("legend"));
new Stream({ changed, happened: (event) => { if (event.path === "command") commands.take(event); }, linked });
setInterval(() => { find("clock").textContent = new Date().toLocaleString(); }, 1000);
