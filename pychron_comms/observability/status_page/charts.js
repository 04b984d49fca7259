// Strip charts of the last hour, one for each gauge; bounded, however long the page stays open.

const HOUR = 3600;
// What all charts span: the whole hour, and less where nothing older is known of any of them.
const SPANS = [600, 1800, HOUR];
let oldest = Infinity;
const MOST = 1200;
const HEIGHT = 52;

export class Strip {
  constructor(place, label) {
    this.times = [];
    this.values = [];
    this.waits = false;
    this.place = place;
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => () => style.getPropertyValue(name).trim();
    const none = { show: false };
    this.plot = new uPlot({
      width: place.clientWidth || 300, height: HEIGHT, padding: [6, 0, 6, 0], cursor: none, legend: none,
      // The same time for all; and whole decades: nothing jumps while the line goes on.
      scales: { x: { time: true, range: () => shownTimes() }, y: { distr: 3, range: (u, low, high) => decades(low, high) } },
      axes: [
        { grid: { stroke: colour("--rule"), width: 1 }, ticks: none, size: 0, values: () => [], splits: () => quarters() },
        { stroke: colour("--soft"), grid: { stroke: colour("--rule"), width: 1 }, ticks: none, size: 38, gap: 4, font: "11px system-ui",
          splits: (u, axis, low, high) => [low, high], filter: (u, marks) => marks, values: (u, marks) => marks.map(power) },
      ],
      // A value holds until the next one.
      series: [{}, { label, stroke: colour("--line"), width: 1.5, points: none, spanGaps: false, paths: uPlot.paths.stepped({ align: 1 }) }],
    }, [this.times, this.values], place);
    new ResizeObserver(() => this.plot.setSize({ width: place.clientWidth, height: HEIGHT })).observe(place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.plot.redraw(false, true));
  }

  // What the server knows, in place of what the page does of that time: it may have been away.
  fill(points) {
    if (!points.length) return;
    const begin = points[0][0], end = points[points.length - 1][0];
    const own = this.times.map((time, index) => [time, this.values[index]]);
    const all = [
      ...own.filter(([time]) => time < begin),
      ...points.map(([time, value]) => [time, drawn(value)]),
      ...own.filter(([time]) => time > end),
    ];
    this.times = all.map(([time]) => time);
    this.values = all.map(([, value]) => value);
    oldest = Math.min(oldest, begin);
    this.show();
  }

  // A value that cannot be told is a gap, and stays one.
  add(now, value) {
    const point = drawn(value);
    const last = this.times.length - 1;
    // The server's clock may be ahead of this one.
    const time = last < 0 ? now : Math.max(now, this.times[last]);
    oldest = Math.min(oldest, time);
    if (last >= 0 && time - this.times[last] < HOUR / MOST && (point === null) === (this.values[last] === null)) {
      this.values[last] = point;
    } else {
      this.times.push(time);
      this.values.push(point);
    }
    this.show();
  }

  show() {
    const first = Date.now() / 1000 - HOUR;
    // What held when the hour began stays.
    while (this.times.length > MOST || (this.times.length > 1 && this.times[1] < first)) {
      this.times.shift();
      this.values.shift();
    }
    if (this.waits) return;
    this.waits = true;
    requestAnimationFrame(() => {
      this.waits = false;
      const last = this.values.length - 1;
      this.plot.setData(last < 0 ? [[], []] : [[...this.times, Math.max(Date.now() / 1000, this.times[last])], [...this.values, this.values[last]]]);
    });
  }
}

// A logarithm has no place for 0.
function drawn(value) {
  return value > 0 ? value : null;
}

// How many minutes the charts show just now.
export function minutes() {
  const age = Date.now() / 1000 - oldest;
  return (SPANS.find((each) => age <= each) || HOUR) / 60;
}

function shownTimes() {
  const now = Date.now() / 1000;
  return [now - minutes() * 60, now];
}

function quarters() {
  const [begin, end] = shownTimes();
  return [1, 2, 3].map((each) => begin + (each * (end - begin)) / 4);
}

function decades(low, high) {
  if (!(low > 0) || !(high > 0)) return [1e-9, 1e-6];
  const bottom = Math.floor(Math.log10(low)), top = Math.ceil(Math.log10(high));
  return [10 ** bottom, 10 ** (top > bottom ? top : bottom + 1)];
}

function power(value) {
  return `1e${Math.round(Math.log10(value))}`.replace("-", "−");
}
