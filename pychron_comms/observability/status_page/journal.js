// Commands as they come, and those of before, out of the journal.

import { make, moment, number } from "./stream.js";

const ROWS = 100;

export class Commands {
  constructor(found, rows, none) {
    this.found = found;
    this.rows = rows;
    this.none = none;
  }

  take(event) {
    this.rows.prepend(row(event));
    while (this.rows.children.length > ROWS) this.rows.lastChild.remove();
    this.found.hidden = false;
    this.none.hidden = true;
  }
}

export class Search {
  constructor(form, says, found, rows) {
    this.says = says;
    this.found = found;
    this.rows = rows;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.ask(new FormData(form));
    });
  }

  async ask(fields) {
    const question = new URLSearchParams();
    for (const name of ["target", "who", "outcome"]) {
      // What happens to alarms has no outcome: it is a kind of record.
      if (fields.get(name)) question.set(fields.get(name) === "alarm" && name === "outcome" ? "event" : name, fields.get(name));
    }
    if (fields.get("ago")) question.set("since", (Date.now() / 1000 - Number(fields.get("ago"))).toFixed(0));
    // Only the last question's answer is shown, whichever comes first.
    const turn = (this.turn = (this.turn || 0) + 1);
    this.tell("Searching …");
    let answer, trouble;
    try {
      const reply = await fetch(`journal?${question}`);
      if (reply.ok) answer = await reply.json();
      else trouble = await reply.text();
    } catch { trouble = "The server did not answer."; }
    if (turn !== this.turn) return;
    if (trouble) this.tell(trouble);
    else this.show(answer);
  }

  show({ records, more, missing }) {
    this.rows.replaceChildren(...records.map(row));
    this.found.hidden = !records.length;
    const words = [records.length ? `${records.length} found${more ? ", the newest; narrow it for others" : ""}.` : "Nothing found."];
    for (const [name, why] of Object.entries(missing)) words.push(`${name}: ${why}.`);
    this.tell(words.join(" "));
  }

  tell(text) { this.says.textContent = text; }
}

const BESIDE = { claim: "claimed", release: "given back", lapse: "lease ran out", override: "overridden", safe: "made safe", begin: "begun, no end written down" };

function row({ t, who, type, command, reply, seconds, event }) {
  const failed = String(reply).startsWith("ERROR");
  const outcome = reply || BESIDE[event] || event || "";
  const took = seconds === null || seconds === undefined ? "" : seconds < 1 ? `${number(Math.round(seconds * 1e4) / 10)} ms` : `${number(seconds)} s`;
  const asked = event === "alarm" ? `alarm ${command}` : `${type} ${command}`;
  // On a phone a row is no row of boxes any more: its roles say that it still is one.
  const cells = { time: moment(new Date(t * 1000)), who, asked, outcome, number: took };
  return make("tr", { role: "row", class: failed ? "failed" : "" },
    ...Object.entries(cells).map(([kind, text]) => make("td", { role: "cell", class: kind }, text)));
}
