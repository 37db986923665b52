/** What all panels of the chart have in common: the frame, the steps, the lines, the legend. */
import { duration } from '../functions/core/numerals.ts';
import { ALL } from '../functions/core/share.ts';
import type { Axis, Column } from './axis.ts';
import { html, type Markup } from './markup.ts';
import type { RecordedRelease, RunRecord } from './record.ts';
import type { Scale } from './scale.ts';

export const LEFT = 52;
export const PLOT = 700;
const RIGHT = 148;
export const WIDTH = LEFT + PLOT + RIGHT;
export const TITLE_HEIGHT = 24;
const LEGEND_LINE = 16;
export const FIRST_PANEL = 'share';

/** What every panel draws. */
export interface PlotContext {
  readonly record: RunRecord;
  readonly release: RecordedRelease;
  readonly axis: Axis;
  readonly columns: readonly Column[];
  /** Seconds of the rehearsal to pixels of the picture. */
  readonly x: (second: number) => number;
}

export interface Legend {
  readonly mark: 'fill' | 'outline' | 'solid' | 'dashed' | 'dotted' | 'limit' | 'caution';
  readonly colour?: string;
  readonly text: string;
}

export interface Panel {
  readonly name: string;
  readonly title: string;
  /** The picture in words. */
  readonly description: string;
  readonly height: number;
  readonly legend: readonly Legend[];
  /** Drawn from `top` down, the title excluded. */
  readonly draw: (top: number) => {
    readonly scale: Scale;
    readonly tick: (value: number) => string;
    readonly body: Markup;
  };
}

/** A panel with its title at `top`, so that it ends at `top + TITLE_HEIGHT + height`. */
export function drawPanel(
  plot: PlotContext,
  { name, title, description, height, legend, draw }: Panel,
  top: number,
): Markup {
  const from = top + TITLE_HEIGHT;
  const { scale, tick, body } = draw(from);
  const grid = scale.ticks.map(
    (value) =>
      html`<path class="grid" d="M${LEFT} ${px(scale.y(value))}h${PLOT}"/><text class="tick" x="${LEFT - 8}" y="${px(scale.y(value) + 4)}" text-anchor="end">${tick(value)}</text>`,
  );
  const entries = legend.map(({ mark, colour = '', text }, index) => {
    const y = from + 6 + index * LEGEND_LINE;
    const sample =
      mark === 'fill' || mark === 'outline'
        ? html`<rect class="${mark} ${colour}" x="${LEFT + PLOT + 10}" y="${y - 4}" width="14" height="8"/>`
        : html`<path class="${mark} ${colour}" d="M${LEFT + PLOT + 10} ${y}h14"/>`;
    return html`${sample}<text class="legend" x="${LEFT + PLOT + 30}" y="${y + 4}">${text}</text>`;
  });
  return html`
<g role="img" aria-labelledby="${name}-title" aria-describedby="${name}-description"><title id="${name}-title">${title}</title><desc id="${name}-description">${description}</desc>
<text class="title" x="${LEFT}" y="${top + 15}">${title}</text>${grid}${body}${fold(plot, name, from, height)}${entries}</g>`;
}

/** The quiet part of the warm time, drawn narrow; the first panel says how long it was. */
function fold({ axis, x }: PlotContext, name: string, from: number, height: number): Markup | undefined {
  if (!axis.fold) return undefined;
  const [left, right] = [x(axis.fold.from), x(axis.fold.to)];
  const area = html`x="${px(left)}" y="${from - 1}" width="${px(right - left)}" height="${height + 2}"`;
  const line = (text: string, y: number): Markup =>
    html`<text class="note" x="${px((left + right) / 2)}" y="${px(y)}" text-anchor="middle">${text}</text>`;
  const middle = from + height / 2;
  const words =
    name === FIRST_PANEL ? [line(duration(axis.fold.to - axis.fold.from), middle - 3), line('warm', middle + 12)] : [];
  return html`<rect class="fold" ${area}/><rect class="hatched" ${area}/>${words}`;
}

export const px = (pixels: number): string => String(Math.round(pixels * 10) / 10);

/** Points as one line that breaks where a value is missing. */
export function brokenLine(points: readonly { readonly x: number; readonly y: number | undefined }[]): string {
  let path = '';
  let isDown = false;
  for (const { x, y } of points) {
    // A point alone is a line of no length, drawn as a dot.
    if (y !== undefined) path += isDown ? `L${px(x)} ${px(y)}` : `M${px(x)} ${px(y)}h0`;
    isDown = y !== undefined;
  }
  return path;
}

/** Levels that hold for a while, as steps; it breaks where a level is missing. */
export function steps(
  levels: readonly { readonly from: number; readonly to: number; readonly y: number | undefined }[],
): string {
  let path = '';
  let at: number | undefined;
  for (const { from, to, y } of levels) {
    if (y !== undefined) path += `${at === undefined ? 'M' : 'L'}${px(from)} ${px(y)}H${px(to)}`;
    at = y;
  }
  return path;
}

/** Neighbours that all lack something, together. */
function runs(columns: readonly Column[], lacks: (column: Column) => boolean): readonly (readonly Column[])[] {
  const found: Column[][] = [];
  for (const [index, column] of columns.entries()) {
    const before = columns[index - 1];
    if (!lacks(column)) continue;
    if (before && lacks(before)) found.at(-1)!.push(column);
    else found.push([column]);
  }
  return found;
}

/** Where numbers of a colour are missing: hatched, and said in words where there is room. */
export function gaps(
  { columns, x }: PlotContext,
  role: 'candidate' | 'stable',
  colour: string,
  from: number,
  height: number,
): Markup {
  const isMissing = (column: Column): boolean =>
    !column[role] && !column.isFold && (role === 'candidate' || column.share < ALL);
  const bands = runs(columns, isMissing).map((run) => {
    const [left, right] = [x(run[0]!.from), x(run.at(-1)!.to)];
    const words = `no numbers of ${colour}`;
    const label =
      right - left > words.length * 7
        ? html`<text class="note" x="${px((left + right) / 2)}" y="${px(from + height / 2 + 4)}" text-anchor="middle">${words}</text>`
        : undefined;
    return html`<rect class="hatched" x="${px(left)}" y="${from}" width="${px(right - left)}" height="${height}"/>${label}`;
  });
  return html`${bands}`;
}
