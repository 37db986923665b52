/** The decisions on the time axis: one mark each, a rule through all panels, and labels that keep clear of each other. */
import { ALL, NONE } from '../functions/core/share.ts';
import { html, type Markup } from './markup.ts';
import { LEFT, PLOT, type PlotContext, px } from './panel.ts';
import type { Decision } from './record.ts';
import { timeTicks } from './scale.ts';
import { clock, clockSeconds, joined, percent } from './words.ts';

const FIRST_LABEL = 36;
const LABEL_ROW = 15;
const MOST_ROWS = 3;
const TIMES = 26;

interface Mark {
  readonly second: number;
  readonly sign: string;
  readonly label: string;
  readonly kind: 'forward' | 'back' | 'waits' | 'asks' | 'end' | 'fault';
  /** What a pointer is told. */
  readonly told: readonly string[];
}

/** Closer marks become one. */
const APART_PIXELS = 12;
const LETTER = 6.8;
const MOST_TICKS = 12;

export function marksOf({ record, x }: PlotContext): readonly Mark[] {
  const found = record.decisions.flatMap((decision) =>
    markFor(decision, record.release!.stable, record.release!.candidate, record.outcome),
  );
  const fault = record.rehearsal?.faultSecond;
  const all: readonly Mark[] =
    fault === undefined
      ? found
      : [
          ...found,
          {
            second: fault,
            sign: '◇',
            label: 'fault begins',
            kind: 'fault',
            told: ['the fault of this scenario begins'],
          },
        ];
  const sorted = all
    .map((mark) => ({ ...mark, told: mark.told.map((text) => `${clockSeconds(record, mark.second)} ${text}`) }))
    .sort((one, other) => one.second - other.second);
  const kept: Mark[] = [];
  for (const mark of sorted) {
    const last = kept.at(-1);
    if (last && x(mark.second) - x(last.second) <= APART_PIXELS) kept[kept.length - 1] = together(last, mark);
    else kept.push(mark);
  }
  return kept;
}

/** The weightier one keeps its place and its label; the beginning of a fault is said beside it. */
function together(earlier: Mark, later: Mark): Mark {
  const [aside, main] = WEIGHT[earlier.kind] > WEIGHT[later.kind] ? [later, earlier] : [earlier, later];
  const label = aside.kind === 'fault' ? `${main.label}, ${aside.label}` : main.label;
  return { ...main, label, told: [...earlier.told, ...later.told] };
}

const WEIGHT: Readonly<Record<Mark['kind'], number>> = { fault: 0, end: 1, waits: 2, asks: 3, forward: 4, back: 5 };

function markFor(
  { second, sign, share, word, text }: Decision,
  stable: string,
  candidate: string,
  outcome: string,
): readonly Mark[] {
  const mark = (kind: Mark['kind'], label: string): readonly Mark[] => [
    { second, sign, label, kind, told: [`${word}: ${joined(text)}`] },
  ];
  switch (word) {
    case 'shift':
      return sign === '▲' ? mark('forward', percent(share)) : [];
    case 'hold':
      return mark('waits', 'hold');
    case 'ask':
      return mark('asks', 'an operator is asked');
    case 'page':
      return mark('asks', 'the on-call engineer is notified');
    case 'abort':
      return mark('back', 'abort');
    case 'revert':
      return sign === '▼'
        ? mark('back', share === NONE ? `${percent(ALL)} ${stable}` : `${percent(share)} ${candidate}`)
        : [];
    case 'closed':
      return mark('end', `${outcome === 'promoted' ? stable : candidate} off`);
    case 'stuck':
      return mark('back', 'stuck');
    default:
      return [];
  }
}

/** Thin lines at the moments of decision, behind the curves. */
export const rules = ({ x }: PlotContext, marks: readonly Mark[], top: number, bottom: number): Markup =>
  html`${marks.map(({ second, kind }) => html`<path class="rule ${kind}" d="M${px(x(second))} ${top}V${bottom}"/>`)}`;

export interface Lane {
  readonly height: number;
  readonly draw: (top: number) => Markup;
}

export function laneOf(plot: PlotContext, marks: readonly Mark[]): Lane {
  const labels = placed(plot, marks);
  const lastLabel = FIRST_LABEL + LABEL_ROW * Math.max(0, ...labels.map(({ row = 0 }) => row));
  return {
    height: lastLabel + TIMES + 6,
    draw: (top) => drawLane(plot, labels, top, top + lastLabel),
  };
}

function drawLane(plot: PlotContext, marks: readonly Placed[], top: number, lastLabel: number): Markup {
  const { record, axis, x } = plot;
  const drawn = axis.to - axis.from - (axis.fold ? axis.fold.to - axis.fold.from : 0);
  const described = marks.flatMap(({ told }) => told).join('; ');
  return html`
<g role="img" aria-labelledby="lane-title" aria-describedby="lane-description"><title id="lane-title">Decisions</title><desc id="lane-description">${described}</desc>
<path class="grid" d="M${LEFT} ${top + 14}h${PLOT}"/>${marks.map(
    ({ sign, kind, told, label, at, left, row }) =>
      html`<g class="mark ${kind}"><title>${told.join('\n')}</title><text class="sign" x="${px(at)}" y="${top + 19}" text-anchor="middle">${sign}</text>${row === undefined ? undefined : html`<text class="label" x="${px(left)}" y="${top + FIRST_LABEL + row * LABEL_ROW}">${label}</text>`}</g>`,
  )}
${timeTicks(record.start + axis.from, record.start + axis.to, { most: MOST_TICKS, drawn })
  .map((epoch) => epoch - record.start)
  .filter((second) => !axis.fold || second <= axis.fold.from || second >= axis.fold.to)
  .map(
    (second) =>
      html`<path class="grid" d="M${px(x(second))} ${lastLabel + 8}v5"/><text class="tick" x="${px(x(second))}" y="${lastLabel + TIMES}" text-anchor="middle">${clock(record, second)}</text>`,
  )}<text class="tick" x="${LEFT + PLOT + 30}" y="${lastLabel + TIMES}">UTC</text></g>`;
}

interface Placed extends Mark {
  readonly at: number;
  readonly left: number;
  /** Absent where there is no room: the mark still tells its reason. */
  readonly row?: number;
}

function placed({ x }: PlotContext, marks: readonly Mark[]): readonly Placed[] {
  const ends = Array.from({ length: MOST_ROWS }, () => Number.NEGATIVE_INFINITY);
  return marks.map((mark) => {
    const at = x(mark.second);
    const width = mark.label.length * LETTER;
    const left = Math.min(Math.max(at - width / 2, LEFT - 20), LEFT + PLOT + 60 - width);
    const row = ends.findIndex((end) => left > end + 8);
    if (row < 0) return { ...mark, at, left };
    ends[row] = left + width;
    return { ...mark, at, left, row };
  });
}
