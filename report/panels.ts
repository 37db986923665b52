/** The five panels: share, errors of both colours, slow share, odds. */
import { ODDS_LIMIT, SUSPICIOUS_ODDS } from '../functions/core/judge/constants.ts';
import { duration, grouped, oddsInWords } from '../functions/core/numerals.ts';
import { ALL, NONE } from '../functions/core/share.ts';
import type { Column } from './axis.ts';
import { html, type Markup, trusted } from './markup.ts';
import { brokenLine, FIRST_PANEL, gaps, LEFT, type Panel, PLOT, type PlotContext, px, steps } from './panel.ts';
import { linear, logarithmic, roundUp } from './scale.ts';
import { clock, percent } from './words.ts';

const MINUTE = 60;

/** Widths of text at the chart's font size, pixels; enough to keep labels apart. */
const LETTER = 6.6;

export function panelsOf(plot: PlotContext): readonly Panel[] {
  const { columns, record } = plot;
  if (columns.length === 0) return [sharePanel(plot)];
  const isCompared = columns.some(({ stable }) => stable !== undefined);
  return [
    sharePanel(plot),
    errorsPanel(plot, 'candidate'),
    ...(isCompared ? [errorsPanel(plot, 'stable')] : []),
    slowPanel(plot),
    ...(isCompared && record.policy === 'compare' ? [oddsPanel(plot)] : []),
  ];
}

// ---- Share ----

function sharePanel(plot: PlotContext): Panel {
  const { record, release, axis, x } = plot;
  const changes = [{ second: 0, share: NONE }, ...record.shifts];
  const levels = changes.map(({ second, share }, index) => ({
    from: second,
    to: changes[index + 1]?.second ?? axis.to,
    share,
  }));
  const height = 72;
  return {
    name: FIRST_PANEL,
    title: `Share of requests on ${release.candidate}, the candidate`,
    description: levels.map(({ from, share }) => `${percent(share)} from ${clock(record, from)}`).join(', '),
    height,
    legend: [
      { mark: 'solid', colour: release.candidate, text: 'as it was' },
      { mark: 'dotted', text: 'as planned' },
    ],
    draw: (top) => {
      const scale = linear(ALL, top, height);
      const path = steps(levels.map(({ from, to, share }) => ({ from: x(from), to: x(to), y: scale.y(share) })));
      const area = `${path}V${px(scale.y(NONE))}H${px(x(0))}Z`;
      const labels = levels
        .filter(({ share }) => share > NONE)
        .map(({ from, to, share }) => {
          const room = x(Math.min(to, axis.fold?.from ?? to)) - x(from);
          const words = [
            `${percent(share)}, ${duration(Math.round((to - from) / MINUTE) * MINUTE)}`,
            percent(share),
          ].find((text) => text.length * LETTER < room);
          const isInside = scale.y(share) - 6 < top + 8;
          return (
            words &&
            html`<text class="${isInside ? 'level' : 'note'}" x="${px(x(from) + 5)}" y="${px(scale.y(share) + (isInside ? 14 : -6))}">${words}</text>`
          );
        });
      const body = html`<path class="area ${release.candidate}" d="${area}"/><path class="dotted" d="${planned(plot, scale.y)}"/><path class="solid ${release.candidate}" d="${path}"/>${labels.map((label) => label || undefined)}`;
      return { scale, tick: (value) => percent(value), body };
    },
  };
}

/** The plan, from the moment at which the first share was reached. */
function planned({ record, release, axis, x }: PlotContext, y: (share: number) => number): string {
  const start = record.shifts.find(({ share }) => share > NONE)?.second;
  if (start === undefined) return '';
  let at = start;
  const levels = release.plan.stages.map(({ share, bakeSeconds }) => {
    const from = at;
    at = share === ALL ? axis.to : at + bakeSeconds;
    return { from: x(Math.min(from, axis.to)), to: x(Math.min(at, axis.to)), y: y(share) };
  });
  return steps(levels.filter(({ from, to }) => to > from));
}

// ---- Errors ----

const minutesIn = ({ from, to }: Column): number => (to - from) / MINUTE;

const errorsPerMinute = (column: Column, role: 'candidate' | 'stable'): number | undefined => {
  const counts = column[role];
  return counts && counts.failures / minutesIn(column);
};

function errorsPanel(plot: PlotContext, role: 'candidate' | 'stable'): Panel {
  const { columns, release, record, x } = plot;
  const colour = release[role];
  const drawn = columns.filter(({ isFold }) => !isFold);
  const values = (of: 'candidate' | 'stable') => drawn.map((column) => errorsPerMinute(column, of) ?? 0);
  // One scale for both colours, so that the two panels can be compared by eye.
  const top = roundUp(Math.max(...values('candidate'), ...values('stable')), 4);
  const height = role === 'candidate' ? 84 : 64;
  const most = drawn.reduce<Column | undefined>(
    (worst, column) =>
      (errorsPerMinute(column, role) ?? -1) > (worst ? (errorsPerMinute(worst, role) ?? -1) : -1) ? column : worst,
    undefined,
  );
  const sum = columns.reduce((total, column) => total + (column[role]?.failures ?? 0), 0);
  return {
    name: `errors-${role}`,
    title: `Errors a minute, ${colour} (${role})`,
    description: `${grouped(sum)} errors in the judged minutes${most ? `; most in ${clock(record, most.from)}: ${grouped(errorsPerMinute(most, role) ?? 0)} a minute` : ''}`,
    height,
    legend:
      role === 'candidate'
        ? [
            { mark: 'fill', colour, text: colour },
            { mark: 'dashed', colour: 'expected', text: `at the rate of ${release.stable}` },
          ]
        : [{ mark: 'outline', colour, text: `${colour}, same scale` }],
    draw: (from) => {
      const scale = linear(top, from, height);
      const bars = drawn.map((column) =>
        bar(
          plot,
          column,
          errorsPerMinute(column, role),
          scale.y,
          `${role === 'candidate' ? 'fill' : 'outline'} ${colour}`,
        ),
      );
      const expected =
        role === 'candidate'
          ? html`<path class="dashed expected" d="${steps(
              drawn.map((column) => ({
                from: x(column.from),
                to: x(column.to),
                y: column.expected === undefined ? undefined : scale.y(column.expected / minutesIn(column)),
              })),
            )}"/>`
          : undefined;
      return { scale, tick: grouped, body: html`${gaps(plot, role, colour, from, height)}${bars}${expected}` };
    },
  };
}

function bar(
  { x }: PlotContext,
  { from, to }: Column,
  value: number | undefined,
  y: (value: number) => number,
  style: string,
): Markup | undefined {
  if (!value) return undefined;
  const width = (x(to) - x(from)) * 0.7;
  const left = (x(from) + x(to) - width) / 2;
  return html`<rect class="bar ${style}" data-second="${from}" x="${px(left)}" y="${y(value).toFixed(2)}" width="${px(width)}" height="${(y(0) - y(value)).toFixed(2)}"/>`;
}

// ---- Slow responses ----

const middle = ({ x }: PlotContext, { from, to }: Column): number => (x(from) + x(to)) / 2;

function slowPanel(plot: PlotContext): Panel {
  const { columns, release } = plot;
  const { candidate, stable, baseline } = release;
  const drawn = columns.filter(({ isFold }) => !isFold);
  const share = (column: Column, role: 'candidate' | 'stable'): number | undefined => {
    const counts = column[role];
    return counts?.slow === undefined ? undefined : (100 * counts.slow) / counts.requests;
  };
  const values = (role: 'candidate' | 'stable') =>
    drawn.map((column) => share(column, role)).filter((one) => one !== undefined);
  const height = 72;
  const range = (role: 'candidate' | 'stable'): string => {
    const all = values(role);
    return all.length > 0
      ? `${release[role]} ${percent(Math.min(...all), 1)} to ${percent(Math.max(...all), 1)}`
      : `no numbers of ${release[role]}`;
  };
  return {
    name: 'slow',
    title: `Slow responses: share over ${grouped(baseline?.slowMs ?? 0)} ms, the 90th percentile of ${stable} before the release`,
    description: `${range('candidate')}; ${range('stable')}`,
    height,
    legend: [
      { mark: 'solid', colour: candidate, text: candidate },
      { mark: 'dashed', colour: stable, text: stable },
    ],
    draw: (top) => {
      const scale = linear(
        Math.min(ALL, roundUp(Math.max(0, ...values('candidate'), ...values('stable')), 10)),
        top,
        height,
      );
      const line = (role: 'candidate' | 'stable'): string =>
        brokenLine(
          columns.map((column) => {
            const value = column.isFold ? undefined : share(column, role);
            return { x: middle(plot, column), y: value === undefined ? undefined : scale.y(value) };
          }),
        );
      const body = html`<path class="dashed ${stable}" d="${line('stable')}"/><path class="solid ${candidate}" d="${line('candidate')}"/>`;
      return { scale, tick: (value) => percent(value), body };
    },
  };
}

// ---- Odds ----

const LEAST_ODDS = 0.1;
const MOST_ODDS = 1000;

function oddsPanel(plot: PlotContext): Panel {
  const { columns, record, release, x } = plot;
  const height = 104;
  const drawn = columns.filter(({ stable, isFold }) => stable && !isFold);
  const crossing = drawn.find(({ odds }) => odds >= ODDS_LIMIT);
  const highest = drawn.reduce((most, { odds }) => Math.max(most, odds), 0);
  return {
    name: 'odds',
    title: `Evidence: odds that ${release.candidate} is worse than ${release.stable} (log scale)`,
    description: crossing
      ? `the limit of ${ODDS_LIMIT} was passed with ${oddsInWords(crossing.odds)} in minute ${clock(record, crossing.from)}`
      : `highest ${oddsInWords(highest)}; the limit of ${ODDS_LIMIT} was never reached`,
    height,
    legend: [
      { mark: 'limit', text: `back at ${ODDS_LIMIT}` },
      { mark: 'caution', text: `no advance from ${SUSPICIOUS_ODDS}` },
      { mark: 'solid', colour: 'odds', text: 'odds' },
    ],
    draw: (top) => {
      const scale = logarithmic(LEAST_ODDS, MOST_ODDS, top, height);
      const line = brokenLine(drawn.map((column) => ({ x: x(column.to), y: scale.y(column.odds) })));
      const across = (odds: number) => trusted(`M${LEFT} ${px(scale.y(odds))}h${PLOT}`);
      const body = html`<rect class="zone" x="${LEFT}" y="${top}" width="${PLOT}" height="${px(scale.y(ODDS_LIMIT) - top)}"/><path class="limit" d="${across(ODDS_LIMIT)}"/><path class="caution" d="${across(SUSPICIOUS_ODDS)}"/><path class="solid odds" d="${line}"/>${crossing && crossingMark(plot, crossing, scale.y(crossing.odds))}`;
      return { scale, tick: (value) => (value < 1 ? String(value) : grouped(value)), body };
    },
  };
}

/** The minute that decided, and, dotted, the wait until its numbers were there to be judged. */
function crossingMark({ record, x }: PlotContext, { from, to, odds }: Column, y: number): Markup {
  const [left, verdict] = [x(to), x(record.abort?.second ?? to)];
  const words = `${oddsInWords(odds)} in minute ${clock(record, from)}`;
  const fits = left - LEFT > words.length * LETTER + 14;
  const label = fits
    ? html`<text class="crossing" x="${px(left - 10)}" y="${px(y + 5)}" text-anchor="end">${words}</text>`
    : html`<text class="crossing" x="${px(left + 10)}" y="${px(y + 20)}">${words}</text>`;
  const wait = verdict > left ? html`<path class="wait" d="M${px(left)} ${px(y)}H${px(verdict)}"/>` : undefined;
  return html`${wait}<circle class="crossing" cx="${px(left)}" cy="${px(y)}" r="4.5"/>${label}`;
}
