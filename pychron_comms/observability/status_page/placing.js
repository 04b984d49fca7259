// Where a valve's name and word stand: beside its pipes, and on nothing that is drawn.

// As wide as so many letters are, of the drawing's units.
const NAME = 0.65, WORD = 2.6;
// What it costs to stand on a volume or another valve, beside each bit of a pipe.
const ON_A_BOX = 40;

// Bits of pipes, as places: `lines` are rows of [x, y].
export function bits(lines) {
  return lines.flatMap((line) => line.slice(1).flatMap(([x, y], at) => {
    const [fromX, fromY] = line[at];
    const count = Math.max(1, Math.ceil(4 * Math.hypot(x - fromX, y - fromY)));
    return Array.from({ length: count + 1 }, (_, each) => [fromX + ((x - fromX) * each) / count, fromY + ((y - fromY) * each) / count]);
  }));
}

// The best of: to the right, to the left, name above and word below. `boxes` as [left, top, right,
// bottom]; its own `room` is then one of them.
export function placed({ x, y, width, height }, name, pipes, boxes) {
  const long = Math.max(WORD, NAME * name.length), half = long / 2, side = width / 2 + 0.35, over = height / 2;
  const ways = [
    { anchor: "start", name: [x + side, y - 0.55], word: [x + side, y + 0.6], room: [[x + side, y - 1, x + side + long, y + 1]] },
    { anchor: "end", name: [x - side, y - 0.55], word: [x - side, y + 0.6], room: [[x - side - long, y - 1, x - side, y + 1]] },
    { anchor: "middle", name: [x, y - over - 0.85], word: [x, y + over + 0.75], room: [[x - half, y - over - 1.5, x + half, y - over - 0.3], [x - half, y + over + 0.3, x + half, y + over + 1.3]] },
  ];
  const costs = ways.map(({ room }) => room.reduce((sum, each) => sum + cost(each, pipes, boxes), 0));
  return ways[costs.indexOf(Math.min(...costs))];
}

function cost([left, top, right, bottom], pipes, boxes) {
  const thick = 0.35;
  const near = pipes.filter(([x, y]) => x > left - thick && x < right + thick && y > top - thick && y < bottom + thick);
  const on = boxes.filter(([l, t, r, b]) => l < right && r > left && t < bottom && b > top);
  return near.length + ON_A_BOX * on.length;
}
