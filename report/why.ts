/** The judge's questions, what both colours had to say to them, and the answers. */

import { eventsOf } from '../functions/core/judge/baseline.ts';
import { type Metric, ODDS_LIMIT, SUSPICIOUS_ODDS } from '../functions/core/judge/constants.ts';
import type { LiteralEvidence } from '../functions/core/judge/literal.ts';
import type { Counts } from '../functions/core/judge/readings.ts';
import { grouped, oddsInWords } from '../functions/core/numerals.ts';
import { lastComparedStage, sumOfSome } from './axis.ts';
import { partsOfReason } from './headline.ts';
import { html, type Markup } from './markup.ts';
import type { RecordedRelease, RunRecord } from './record.ts';
import { capital, clock, joined, percent, portion } from './words.ts';

const TITLE: Readonly<Record<RunRecord['outcome'], string>> = {
  promoted: 'Why it was promoted',
  reverted: 'Why it was reverted',
  held: 'Why it is held',
  flying: 'What the judge knows',
  stuck: 'What the judge knew',
  killed: 'What the judge knew',
  refused: 'Why it was refused',
  nothing: 'Why nothing was done',
};

export function whySection(record: RunRecord): Markup | undefined {
  const { release, outcome, policy } = record;
  if (!release) return undefined;
  const table = policy === 'literal' ? literalTable(record, release) : comparedTable(record, release);
  return html`<section aria-labelledby="why"><h2 id="why">${TITLE[outcome]}</h2>${table}</section>`;
}

function comparedTable(record: RunRecord, release: RecordedRelease): Markup {
  const { candidate, stable, baseline } = release;
  const stage = lastComparedStage(release);
  const last = stage.at(-1);
  if (!last || !baseline) return html`<p>${reasonWithoutMinutes(record, release)}</p>`;

  const counts = {
    candidate: sumOfSome(stage.map((minute) => minute.candidate)),
    stable: sumOfSome(stage.map((minute) => minute.stable)),
  };
  const question = (metric: Metric, words: string): Markup => html`<tr class="${concern(last.parts[metric])}">
    <th scope="row">${words}</th>
    <td>${eventsIn(counts.candidate, metric)}</td><td>${eventsIn(counts.stable, metric)}</td>
    <td class="number">${oddsInWords(last.parts[metric])}</td><td>${answerTo(last.parts[metric])}</td></tr>`;
  return html`${otherReason(record)}<div class="scroll"><table>
<caption>At ${percent(last.share)}, minutes ${clock(record, stage[0]!.minute - record.start)} to ${clock(record, last.minute - record.start)}. Odds: how much likelier these numbers are if ${candidate} is worse than ${stable}; a healthy release reaches ${ODDS_LIMIT} in at most 1 of 100 cases, however often it is looked at.</caption>
<thead><tr><th scope="col">Question</th><th scope="col">${candidate} (candidate)</th><th scope="col">${stable} (stable)</th><th scope="col" class="number">Odds</th><th scope="col">Answer</th></tr></thead>
<tbody>${question('errors', 'Errors')}${question('slow', `Slow, over ${grouped(baseline.slowMs)} ms`)}${question('verySlow', `Very slow, over ${grouped(baseline.verySlowMs)} ms`)}
<tr><th scope="row">Healthy tasks</th><td>${last.healthyCandidate ?? 'not told'}</td><td>${last.tasks.stable}</td><td></td><td>${last.healthyCandidate === 0 ? '✕ none' : 'in service'}</td></tr>
<tr class="sum ${concern(last.odds)}"><th scope="row">Together</th><td></td><td></td><td class="number">${oddsInWords(last.odds)}</td><td>${last.odds >= ODDS_LIMIT ? `✕ over the limit of ${ODDS_LIMIT}` : `limit ${ODDS_LIMIT}, no advance from ${SUSPICIOUS_ODDS}`}</td></tr>
</tbody></table></div>`;
}

const eventsIn = (counts: Counts | undefined, metric: Metric): string => {
  const events = counts && eventsOf(counts, metric);
  return counts && events !== undefined ? portion(events, counts.requests) : 'no numbers';
};

const concern = (odds: number): string => (odds >= ODDS_LIMIT ? 'bad' : '');

function answerTo(odds: number): string {
  if (odds >= ODDS_LIMIT) return '✕ worse';
  return odds >= SUSPICIOUS_ODDS ? 'suspicious' : 'no difference shown';
}

/** Said first where no comparison sent it back. */
function otherReason(record: RunRecord): Markup | undefined {
  const { outcome, evidence, abort } = record;
  const isCompared = evidence && 'odds' in evidence && evidence.odds >= ODDS_LIMIT;
  return outcome === 'reverted' && abort && !isCompared
    ? html`<p>It was not the comparison that sent it back: <strong>${partsOfReason(record).finding}</strong>.</p>`
    : undefined;
}

function reasonWithoutMinutes({ reason, outcome }: RunRecord, { plan, stable }: RecordedRelease): string {
  if (plan.stages.length === 1) return `Nothing was compared: ${stable} had no requests beside it.`;
  return outcome === 'reverted'
    ? `${capital(joined(reason))}. No minute was judged before that.`
    : `No minute was judged before the end.`;
}

function literalTable(record: RunRecord, release: RecordedRelease): Markup {
  const { evidence, outcome } = record;
  const { candidate, plan } = release;
  if (!evidence || 'odds' in evidence) return html`<p>${literalStory(record, release)}</p>`;
  const { rule, value, threshold, unit = '' }: LiteralEvidence = evidence;
  const measure = (number: number | undefined): string =>
    number === undefined ? 'not delivered' : `${Math.round(number * 100) / 100} ${unit}`;
  return html`<div class="scroll"><table>
<caption>Policy literal: the plan’s ${plan.stages.length > 1 ? 'thresholds' : 'rules'} word for word, without a comparison.</caption>
<thead><tr><th scope="col">Rule</th><th scope="col">${candidate} (candidate)</th><th scope="col">Limit</th><th scope="col">Answer</th></tr></thead>
<tbody><tr class="bad"><th scope="row">${rule}</th><td>${joined(measure(value))}</td><td>${joined(measure(threshold))}</td><td>${outcome === 'reverted' ? '✕ crossed' : 'not passed'}</td></tr></tbody>
</table></div>`;
}

function literalStory({ outcome, reason }: RunRecord, { candidate }: RecordedRelease): string {
  const how = 'Policy literal makes no comparison with the other colour.';
  if (outcome === 'promoted')
    return `${how} Every stage passed the limits with its minimum sample, and no alarm of ${candidate} fired.`;
  return outcome === 'reverted' ? `${how} It was rolled back for this: ${joined(reason)}.` : how;
}
