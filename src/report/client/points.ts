import type uPlot from 'uplot';

/** Shapes, so that colour is not all that tells one series from the other. `side`: pixels from the middle. */
const SHAPES: readonly ((path: Path2D, x: number, y: number, side: number) => void)[] = [
  (path, x, y, side) => {
    path.moveTo(x + side, y);
    path.arc(x, y, side, 0, 2 * Math.PI);
  },
  (path, x, y, side) => path.rect(x - side * 0.85, y - side * 0.85, side * 1.7, side * 1.7),
  (path, x, y, side) => polygon(path, x, y, [0, -side * 1.1, side, side * 0.8, -side, side * 0.8]),
  (path, x, y, side) => polygon(path, x, y, [0, -side * 1.2, side * 1.2, 0, 0, side * 1.2, -side * 1.2, 0]),
  (path, x, y, side) => polygon(path, x, y, [0, side * 1.1, side, -side * 0.8, -side, -side * 0.8]),
];

function polygon(path: Path2D, x: number, y: number, corners: readonly number[]): void {
  for (let at = 0; at < corners.length; at += 2) {
    const [dx = 0, dy = 0] = corners.slice(at, at + 2);
    if (at === 0) path.moveTo(x + dx, y + dy);
    else path.lineTo(x + dx, y + dy);
  }
  path.closePath();
}

/** Points of a series in its own shape. */
export function pointsPath(style: number): uPlot.Series.Points.PathBuilder {
  const shape = SHAPES[style % SHAPES.length];
  return (plot, seriesIndex, first, last) => {
    const path = new Path2D();
    const side = 5 * devicePixelRatio;
    for (let index = first; index <= last; index++) {
      const value = plot.data[seriesIndex]?.[index];
      const at = plot.data[0][index];
      if (value === null || value === undefined || at === undefined) continue;
      shape?.(path, plot.valToPos(at, 'x', true), plot.valToPos(value, 'y', true), side);
    }
    return { stroke: path, fill: path, flags: 0 } as uPlot.Series.Points.Paths;
  };
}
