// The rosette: the same figure that certificates/rosette.py draws from the first 16 bytes of a digest.

const SIDE = 1000;
const NODES = 12;
const TAU = 2 * Math.PI;

function rings(digest) {
  const raw = Array.from({ length: 16 }, (_, place) => parseInt(digest.slice(2 * place, 2 * place + 2), 16));
  return [375, 250, 120].map((radius, number) => {
    const [a, b, c, d, e] = raw.slice(number * 5, number * 5 + 5);
    return {
      radius,
      swing: (35 + (b % 16) * 3.5) * (number < 2 ? 1 : 0.8),
      lobes: number < 2 ? 5 + number + (a % 12) : 3 + (a % 7),
      lines: 2 + ((a >> 4) % 4),
      overtone: 2 + ((b >> 4) % 2),
      share: (c % 16) / 34,
      phase: ((c >> 4) / 16) * TAU,
      lean: ((d % 16) / 16) * 1.1,
      turn: (((d >> 4) * 256 + e) / 4096 + raw[15] / 256) % 1,
    };
  });
}

/** Returns one line of a braid as a smooth closed path (Catmull-Rom nodes as cubic curves, whole units). */
function path(ring) {
  const count = ring.lobes * NODES;
  const nodes = [];
  for (let step = 0; step < count; step++) {
    const angle = (TAU * step) / count;
    const wave = Math.cos(ring.lobes * angle) + ring.share * Math.cos(ring.overtone * ring.lobes * angle + ring.phase);
    const radius = ring.radius + (ring.swing * wave) / (1 + ring.share);
    const at = angle + (ring.lean * Math.sin(ring.lobes * angle)) / ring.lobes + (ring.turn * TAU) / ring.lobes;
    nodes.push([SIDE / 2 + radius * Math.cos(at), SIDE / 2 + radius * Math.sin(at)]);
  }
  const written = ([x, y]) => `${Math.round(x)} ${Math.round(y)}`;
  let drawn = `M${written(nodes[0])}`;
  for (let step = 0; step < count; step++) {
    const before = nodes[(step + count - 1) % count];
    const [here, after, beyond] = [nodes[step], nodes[(step + 1) % count], nodes[(step + 2) % count]];
    const first = [here[0] + (after[0] - before[0]) / 6, here[1] + (after[1] - before[1]) / 6];
    const second = [after[0] - (beyond[0] - here[0]) / 6, after[1] - (beyond[1] - here[1]) / 6];
    drawn += `C${written(first)} ${written(second)} ${written(after)}`;
  }
  return `${drawn}z`;
}

/** Returns the lines of a rosette: [{path, turns}], each drawn once and again at each turn, in degrees. */
export function figure(digest) {
  return rings(digest).map((ring) => ({
    path: path(ring),
    turns: Array.from({ length: ring.lines }, (_, line) => ((360 / ring.lobes) * line) / ring.lines),
  }));
}
