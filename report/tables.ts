/** The two long tables: what was decided, and every judged minute. */
import type { Counts } from '../functions/core/judge/readings.ts';
import { grouped, oddsInWords } from '../functions/core/numerals.ts';
import { shareAt } from './axis.ts';
import { html, type Markup } from './markup.ts';
import type { RunRecord } from './record.ts';
import { clock, clockSeconds, joined, percent } from './words.ts';

const CONCERNS: ReadonlySet<string> = new Set(['abort', 'revert', 'stuck']);

export function decisionsSection(record: RunRecord): Markup | undefined {
  const { decisions } = record;
  if (!record.release || decisions.length === 0) return undefined;
  const row = ({ second, sign, share, word, text }: RunRecord['decisions'][number]): Markup => html`
<tr class="${CONCERNS.has(word) ? 'bad' : ''}"><td>${clockSeconds(record, second)}</td><td class="number">${percent(share)}</td><td class="word">${word}${sign === ' ' ? '' : ` ${sign}`}</td><td>${joined(text)}</td></tr>`;
  return html`<section aria-labelledby="decisions"><h2 id="decisions">Decisions</h2><div class="scroll"><table>
<thead><tr><th scope="col">UTC</th><th scope="col" class="number">Share</th><th scope="col">Decision</th><th scope="col">Because</th></tr></thead>
<tbody>${decisions.map(row)}</tbody></table></div></section>`;
}

export function minutesSection(record: RunRecord): Markup | undefined {
  const { release } = record;
  if (!release || release.minutes.length === 0) return undefined;
  const { candidate, stable, minutes, baseline } = release;
  const row = (minute: (typeof minutes)[number]): Markup => {
    const second = minute.minute - record.start;
    return html`
<tr><th scope="row">${clock(record, second)}</th><td>${percent(shareAt(record, second + 59))}</td>${cellsOf(minute.candidate)}${cellsOf(minute.stable)}<td>${minute.healthyCandidate ?? '–'}</td><td>${oddsInWords(minute.odds)}</td></tr>`;
  };
  const columns = ['Requests', 'Errors', 'Slow', 'Very slow'].map((word) => html`<th scope="col">${word}</th>`);
  return html`<section aria-labelledby="minutes"><h2 id="minutes">Every minute</h2>
<details><summary>${minutes.length === 1 ? 'One judged minute' : `${grouped(minutes.length)} judged minutes`}, the numbers of the charts</summary><div class="scroll"><table class="minutes">
<caption>Minutes begin at the time shown, UTC. Slow: over ${baseline?.slowMs ?? '–'} ms; very slow: over ${baseline?.verySlowMs ?? '–'} ms. A dash is a number that was not delivered.</caption>
<thead><tr><td colspan="2"></td><th scope="colgroup" colspan="4">${candidate} (candidate)</th><th scope="colgroup" colspan="4">${stable} (stable)</th><td colspan="2"></td></tr>
<tr><th scope="col">Minute</th><th scope="col">Share</th>${columns}${columns}<th scope="col">Healthy ${candidate}</th><th scope="col">Odds</th></tr></thead>
<tbody>${minutes.map(row)}</tbody></table></div></details></section>`;
}

const cellsOf = (counts: Counts | undefined): readonly Markup[] =>
  [counts?.requests, counts?.failures, counts?.slow, counts?.verySlow].map(
    (count) => html`<td>${count === undefined ? '–' : grouped(count)}</td>`,
  );
