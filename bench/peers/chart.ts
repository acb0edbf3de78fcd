/** The bench's medians as a picture for the README: one group of bars a measure, relative to this product. SVG, readable on light and dark. */
import type { Figures } from './measure.ts';

export interface Bar {
  readonly contestant: string;
  readonly figures: Figures;
}

const MEASURES = [
  { key: 'wall', title: 'wall time', unit: 's', digits: 2 },
  { key: 'processor', title: 'processor time', unit: 's', digits: 2 },
  { key: 'memory', title: 'peak memory', unit: 'MB', digits: 0 },
] as const;

const WIDTH = 760;
const LABEL_WIDTH = 150;
const BAR_HEIGHT = 18;
const GAP = 6;

/** `title` tells the case; the first bar is ours. */
export function chart(title: string, bars: readonly Bar[]): string {
  const groupHeight = 26 + bars.length * (BAR_HEIGHT + GAP) + 10;
  const height = 34 + MEASURES.length * groupHeight;
  const groups = MEASURES.map(({ key, title: measure, unit, digits }, group) => {
    const top = 34 + group * groupHeight;
    const most = Math.max(...bars.map(({ figures }) => figures[key]));
    const rows = bars.map(({ contestant, figures }, index) => {
      const y = top + 24 + index * (BAR_HEIGHT + GAP);
      const width = Math.max(1, ((WIDTH - LABEL_WIDTH - 110) * figures[key]) / most);
      const colour = index === 0 ? '#2563eb' : '#94a3b8';
      const text = `${figures[key].toFixed(digits)} ${unit}`;
      return (
        `<text x="${LABEL_WIDTH - 8}" y="${y + 13}" text-anchor="end">${contestant}</text>` +
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2" fill="${colour}"/>` +
        `<text x="${(LABEL_WIDTH + width + 6).toFixed(1)}" y="${y + 13}">${text}</text>`
      );
    });
    return `<text x="8" y="${top + 12}" font-weight="600">${measure}</text>${rows.join('')}`;
  });
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" ` +
    `font-family="system-ui, sans-serif" font-size="12" fill="#64748b" role="img" aria-label="${title}">` +
    `<text x="8" y="18" font-size="14" font-weight="600">${title}</text>${groups.join('')}</svg>\n`
  );
}
