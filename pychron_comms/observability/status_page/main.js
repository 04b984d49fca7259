// The page: each item of the stream goes to the panel that shows its kind.

import { Alarms } from "./alarms.js";
import { minutes } from "./charts.js";
import { Commands, Search } from "./journal.js";
import { Detectors, Devices, Gauges, Lasers, Road } from "./panels.js";
import { Drawing, legend } from "./schematic.js";
import { Stream, moment } from "./stream.js";

const find = (name) => document.getElementById(name);
const drawing = new Drawing(find("schematic"));
const gauges = new Gauges(find("gauge-list"));
const devices = new Devices(find("device-list"));
const lasers = new Lasers(find("laser-list"));
const detectors = new Detectors(find("detector-list"));
const road = new Road(find("road-list"), find("processors"), find("kept"));
const alarms = new Alarms(find("alarms"), find("alarm-list"));
const commands = new Commands(find("commands-found"), find("command-rows"), find("no-commands"));
new Search(find("journal-form"), find("journal-says"), find("journal-found"), find("journal-rows"));
const LASER = new Set(["enabled", "error", "power", "output", "temperature", "position", "moving", "holder", "patterning"]);
// What is drawn as a chart.
const PRESSURES = new Set(["mbar", "hPa", "Pa", "Torr", "mTorr"]);

function changed(item) {
  const [first, second, ...others] = item.path.split("/");
  const name = others.join("/");
  if (first === "road" && second === "alarm") alarms.take(name, item);
  else if (first === "road") road.take(second, name, item);
  else if (first === "lease") {
    const part = [second, ...others].join("/");
    road.take("lease", part, item);
    drawing.lease(part, item);
  }
  else if (second === "valve") drawing.take(name, item);
  else if (second === "schematic") { if (item.v) drawing.show(item.v); }
  else if (second === "detector") detectors.take(name, item);
  else if (first === "device" && PRESSURES.has(item.unit)) gauges.take([second, ...others].join("/"), item);
  else if (first === "device") devices.take([second, ...others].join("/"), item);
  else if (first === "instrument") devices.instrument([second, ...others].join("/"), item);
  else if (first === "runs") devices.run(second, item);
  else if (second === "pipette") devices.take(`pipette ${name}`, item);
  else if (LASER.has(second) && !others.length) lasers.take(first, second, item);
}

function happened(event) {
  if (event.path === "command") commands.take(event);
}

function linked(state, since) {
  document.body.dataset.link = state;
  gauges.linked(state === "live", since);
  find("link-text").textContent = state === "live" ? "live" : state === "lost" ? "not connected" : "connecting";
  const lost = find("lost");
  lost.hidden = state !== "lost";
  lost.textContent = state === "lost" ? `Nothing has been heard of the server since ${moment(since)}. What is shown is as it was then.` : "";
}

legend(find("legend"));
new Stream({ changed, happened, linked });
setInterval(() => {
  find("clock").textContent = new Date().toLocaleString();
  const [first, middle] = find("gauge-axis").children;
  first.textContent = `${minutes()} min ago`;
  middle.textContent = minutes() / 2;
  find("gauge-span").textContent = minutes() === 60 ? "the last hour" : `the last ${minutes()} minutes`;
}, 1000);
