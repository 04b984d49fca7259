// Strip charts of the last hour, one for each gauge; bounded, however long the page stays open.

const HOUR = 3600;
const MOST = 1800;

export class Strip {
  constructor(place, label, logarithmic) {
    this.times = [];
    this.values = [];
    const style = getComputedStyle(document.documentElement);
    const ink = () => style.getPropertyValue("--soft").trim();
    this.plot = new uPlot({
      width: place.clientWidth || 300, height: 64, cursor: { show: false }, legend: { show: false },
      scales: { x: { time: true }, y: { distr: logarithmic ? 3 : 1 } },
      axes: [
        { stroke: ink, grid: { show: false }, ticks: { show: false }, size: 16, gap: 0, space: 70, font: "10px system-ui",
          values: (u, times) => times.map((each) => clock(each)) },
        { stroke: ink, grid: { show: false }, ticks: { show: false }, size: 44, font: "10px system-ui",
          splits: (u, axis, low, high) => [low, high], values: (u, marks) => marks.map((each) => short(each)) },
      ],
      series: [{}, { label, stroke: ink, width: 1.25, points: { show: false }, spanGaps: false }],
    }, [this.times, this.values], place);
    this.place = place;
    new ResizeObserver(() => this.plot.setSize({ width: place.clientWidth, height: 64 })).observe(place);
  }

  fill(points) {
    this.times = points.map(([time]) => time);
    this.values = points.map(([, value]) => value);
    this.show();
  }

  // A value that cannot be told is a gap, and stays one.
  add(time, value) {
    const last = this.times.length - 1;
    if (last >= 0 && time - this.times[last] < HOUR / MOST && value !== null && this.values[last] !== null) {
      this.values[last] = value;
    } else {
      this.times.push(time);
      this.values.push(value);
    }
    while (this.times.length > MOST || (this.times.length && this.times[0] < time - HOUR)) {
      this.times.shift();
      this.values.shift();
    }
    this.show();
  }

  show() {
    if (this.waits) return;
    this.waits = true;
    requestAnimationFrame(() => { this.waits = false; this.plot.setData([this.times, this.values]); });
  }
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
}

function short(value) {
  if (!value) return "0";
  const size = Math.abs(value);
  return size >= 1e4 || size < 1e-2 ? value.toExponential(0) : String(Number(value.toPrecision(3)));
}
