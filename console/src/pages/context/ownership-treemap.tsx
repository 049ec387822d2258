/** Parts of a folder by size, coloured by bus factor; rectangles as near to squares as they can be. */
import type { FolderOwnership } from '../../api/context-types.ts';
import { plural } from '../../parts/format.ts';
import { nameIn, riskOf } from './ownership-areas.ts';

interface Box {
  area: FolderOwnership;
  /** Percent of the whole. */
  x: number;
  y: number;
  width: number;
  height: number;
}

const MAX_BOXES = 60;
/** Width to height of the drawing. */
const RATIO = 2.2;

/** Squarified (Bruls, Huizing and van Wijk, 2000): rows along the shorter side, as square as may be. */
function squarify(areas: readonly FolderOwnership[]): Box[] {
  const total = areas.reduce((sum, { files }) => sum + files, 0);
  const boxes: Box[] = [];
  let [x, y, width, height] = [0, 0, RATIO, 1];
  let rest = areas.map((area) => ({ area, size: (area.files / total) * RATIO }));
  while (rest.length > 0) {
    const side = Math.min(width, height);
    let taken = 1;
    while (
      taken < rest.length &&
      worst(rest.slice(0, taken + 1), side) <= worst(rest.slice(0, taken), side)
    ) {
      taken += 1;
    }
    const row = rest.slice(0, taken);
    rest = rest.slice(taken);
    const thickness = row.reduce((sum, { size }) => sum + size, 0) / side;
    let along = 0;
    for (const { area, size } of row) {
      const length = size / thickness;
      const box =
        width >= height
          ? { x, y: y + along, width: thickness, height: length }
          : { x: x + along, y, width: length, height: thickness };
      boxes.push({
        area,
        x: (100 * box.x) / RATIO,
        y: 100 * box.y,
        width: (100 * box.width) / RATIO,
        height: 100 * box.height,
      });
      along += length;
    }
    if (width >= height) [x, width] = [x + thickness, width - thickness];
    else [y, height] = [y + thickness, height - thickness];
  }
  return boxes;
}

function worst(row: readonly { size: number }[], side: number): number {
  const sum = row.reduce((all, { size }) => all + size, 0);
  const sizes = row.map(({ size }) => size);
  return Math.max(
    (side * side * Math.max(...sizes)) / (sum * sum),
    (sum * sum) / (side * side * Math.min(...sizes)),
  );
}

export function OwnershipTreemap({
  areas,
  under,
  onEnter,
}: {
  areas: readonly FolderOwnership[];
  under: string;
  onEnter: (under: string) => void;
}) {
  const largest = areas.toSorted((a, b) => b.files - a.files).slice(0, MAX_BOXES);
  return (
    <>
      <ul className="treemap" aria-label="Parts by size">
        {squarify(largest).map(({ area, x, y, width, height }) => {
          const { tone, word } = riskOf(area);
          const name = nameIn(area.folder, under);
          const text = `${name}: ${plural(area.files, 'file')}, ${word}`;
          const content = (
            <>
              <span className="cut">{name}</span>
              <span className="cut small">bus factor {area.busFactor}</span>
              <span className="visually-hidden">
                {plural(area.files, 'file')}, {word}
              </span>
            </>
          );
          return (
            <li
              key={area.folder}
              data-tone={tone}
              data-small={width < 9 || height < 14 || undefined}
              style={{ left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%` }}
            >
              {area.folder !== under ? (
                <button type="button" title={text} onClick={() => onEnter(area.folder)}>
                  {content}
                </button>
              ) : (
                <div title={text}>{content}</div>
              )}
            </li>
          );
        })}
      </ul>
      {areas.length > largest.length && (
        <p className="quiet small" style={{ marginBlockStart: 8 }}>
          The {MAX_BOXES} largest of {areas.length} parts; the table has all.
        </p>
      )}
    </>
  );
}
