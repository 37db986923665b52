/** The rehearsal as one picture: panels and decisions over one time axis, and an invisible column for each minute. */

import { grouped, oddsInWords } from '../functions/core/numerals.ts';
import { ALL } from '../functions/core/share.ts';
import { axisOf, type Column, columnsOf } from './axis.ts';
import { laneOf, marksOf, rules } from './lane.ts';
import { html, type Markup } from './markup.ts';
import { drawPanel, LEFT, PLOT, type PlotContext, px, TITLE_HEIGHT, WIDTH } from './panel.ts';
import { panelsOf } from './panels.ts';
import type { RunRecord } from './record.ts';
import { clock, percent, rate } from './words.ts';

const BETWEEN_PANELS = 10;

export function rehearsalSection(record: RunRecord): Markup | undefined {
  const { release } = record;
  if (!release) return undefined;
  const axis = axisOf(record, PLOT);
  const plot: PlotContext = {
    record,
    release,
    axis,
    columns: columnsOf(record, axis),
    x: (second) => LEFT + axis.x(second),
  };
  const { columns } = plot;
  const cursor =
    columns.length > 0
      ? html`<p class="cursor" hidden><label for="minute">Minute</label> <input id="minute" type="range" min="0" max="${columns.length - 1}" value="0"> <output id="told" role="status" for="minute">Point at a minute, or use the arrow keys.</output></p>`
      : html`<p>${record.policy === 'literal' ? 'Policy literal reads alarms; no minute was judged beside them.' : 'No minute was judged before the end.'}</p>`;
  return html`<section aria-labelledby="rehearsal"><h2 id="rehearsal">The rehearsal</h2>${cursor}<div class="chart">${drawing(plot)}</div></section>`;
}

function drawing(plot: PlotContext): Markup {
  const panels = panelsOf(plot);
  const tops = panels.map((_, index) =>
    panels.slice(0, index).reduce((sum, { height }) => sum + TITLE_HEIGHT + height + BETWEEN_PANELS, 0),
  );
  const lane = tops.at(-1)! + TITLE_HEIGHT + panels.at(-1)!.height + BETWEEN_PANELS;
  const marks = marksOf(plot);
  const { height, draw } = laneOf(plot, marks);
  const bottom = lane - BETWEEN_PANELS;
  return html`<svg viewBox="0 0 ${WIDTH} ${lane + height}" role="group" aria-labelledby="rehearsal">
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0v6"/></pattern></defs>
${rules(plot, marks, TITLE_HEIGHT, lane + 8)}${panels.map((panel, index) => drawPanel(plot, panel, tops[index]!))}${draw(lane)}
<path id="cursor" class="pointer" d="M0 ${TITLE_HEIGHT}V${bottom}" visibility="hidden"/>
<g class="columns">${plot.columns.map((column) => hitColumn(plot, column, bottom))}</g></svg>`;
}

function hitColumn({ record, x, release }: PlotContext, column: Column, bottom: number): Markup {
  const [left, right] = [x(column.from), x(column.to)];
  return html`<rect class="column" data-second="${column.from}" x="${px(left)}" y="${TITLE_HEIGHT}" width="${px(right - left)}" height="${bottom - TITLE_HEIGHT}"><title>${sentenceFor(record, column, release)}</title></rect>`;
}

/** A column read aloud: the same numbers that its bars and the table have. */
export function sentenceFor(record: RunRecord, column: Column, { candidate, stable }: PlotContext['release']): string {
  const { from, to, share, odds, minutes } = column;
  const when = minutes.length === 1 ? clock(record, from) : `${clock(record, from)} to ${clock(record, to)}`;
  const group = (colour: string, counts: Column['candidate']): string => {
    if (!counts) return colour === stable && share === ALL ? `${colour}: no requests` : `${colour}: no numbers`;
    const slow = counts.slow === undefined ? 'slow not told' : `slow ${rate(counts.slow, counts.requests)}`;
    return `${colour}: ${grouped(counts.failures)} errors in ${grouped(counts.requests)} requests (${rate(counts.failures, counts.requests)}), ${slow}`;
  };
  const compared = record.policy === 'compare' && column.stable ? `; odds ${oddsInWords(odds)}` : '';
  return `${when}, ${percent(share)} on ${candidate}; ${group(candidate, column.candidate)}; ${group(stable, column.stable)}${compared}`;
}
