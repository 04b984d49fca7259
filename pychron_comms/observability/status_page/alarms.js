// What is not as it should be, the worst first.

import { make, moment } from "./stream.js";

const WORSE = ["ok", "minor", "major", "invalid"];
const STATES = { active: "", acknowledged: "seen", latched: "over, not seen yet", shelved: "shelved" };
const MOST = 50;

export class Alarms {
  constructor(section, list) {
    this.section = section;
    this.list = list;
    this.items = new Map();
    this.waits = false;
  }

  take(name, item) {
    if (item.gone || item.v === "ok") this.items.delete(name);
    else this.items.set(name, item);
    // Once for all that come together: a whole laboratory may be lost at once.
    if (this.waits) return;
    this.waits = true;
    setTimeout(() => { this.waits = false; this.show(); }, 50);
  }

  show() {
    const standing = [...this.items].sort(([, one], [, other]) => rank(other) - rank(one));
    this.section.hidden = !standing.length;
    this.list.replaceChildren(...standing.slice(0, MOST).map(([each, alarm]) => row(each, alarm)));
    const active = standing.filter(([, alarm]) => alarm.v !== "shelved").length;
    document.title = active ? `(${active}) Laboratory` : "Laboratory";
  }
}

function rank(alarm) {
  return (alarm.v === "active" ? 10 : 0) + WORSE.indexOf(alarm.sev);
}

function row(name, { v, sev, latched, reason, since, over, by, text, shelved_until: until, shelved_by: shelver }) {
  const worst = v === "latched" ? latched : sev;
  const notes = [STATES[v]];
  if (v === "acknowledged" && by) notes[0] = `seen by ${by}`;
  if (v === "shelved" && until) notes[0] = `shelved until ${moment(new Date(until * 1000))}${shelver ? ` by ${shelver}` : ""}`;
  const end = over ? ` until ${moment(new Date(over * 1000))}` : "";
  if (since) notes.push(`since ${moment(new Date(since * 1000))}${end}`);
  return make("li", { class: `alarm sev-${worst} ${v}` },
    make("strong", { class: "level" }, worst), make("span", { class: "name" }, name),
    make("span", { class: "reason" }, [reason, text].filter(Boolean).join(". ")),
    make("span", { class: "note" }, notes.filter(Boolean).join(", ")));
}
