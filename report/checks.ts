/** What was watched and whether it held, and what no one could have seen in this rehearsal. */

import { grouped } from '../functions/core/numerals.ts';
import { PROMISES } from '../functions/core/promises.ts';
import { ALL, type Share } from '../functions/core/share.ts';
import { shareAt } from './axis.ts';
import { exposure } from './exposure.ts';
import { html, type Markup } from './markup.ts';
import type { RecordedRelease, RunRecord } from './record.ts';
import { capital, clockSeconds, joined, listed, percent } from './words.ts';

/** Broken promises come before everything else. */
export function alarmSection({ violations, ...record }: RunRecord): Markup | undefined {
  if (violations.length === 0) return undefined;
  return html`<section class="banner bad" aria-labelledby="broken"><h2 id="broken">${violations.length === 1 ? 'A broken promise' : 'Broken promises'}</h2><ul>${violations.map(
    ({ invariant, second, state, detail }) =>
      html`<li><strong>${invariant}. ${PROMISES[invariant] ?? 'A promise'}.</strong> ${clockSeconds(record, second)}, in ${state}: ${joined(detail)}</li>`,
  )}</ul></section>`;
}

/** The promises are watched in rehearsals; outside nobody sees all of the world at once. */
const isWatched = ({ rehearsal }: RunRecord): boolean => rehearsal !== undefined;

export function safetySection(record: RunRecord): Markup | undefined {
  const { violations, unchecked, release } = record;
  if (!release || !isWatched(record)) return undefined;
  const check = (number: number): Markup => {
    const found = violations.filter(({ invariant }) => invariant === number);
    if (found.length > 0)
      return html`<li class="broken"><span>✕</span> <strong>Broken:</strong> ${PROMISES[number]}</li>`;
    if (unchecked.includes(number)) return html`<li class="open"><span>○</span> Not watched: ${PROMISES[number]}</li>`;
    return html`<li class="kept"><span>✓</span> ${PROMISES[number]}</li>`;
  };
  return html`<section aria-labelledby="safety"><h2 id="safety">Safety checks of this rehearsal</h2><ul class="checks">${Object.keys(
    PROMISES,
  ).map((number) => check(Number(number)))}</ul></section>`;
}

export function blindSpotsSection(record: RunRecord): Markup | undefined {
  const { release, unchecked } = record;
  if (!release) return undefined;
  const told = [
    ...unjudgedMinutes(record, release),
    'only what the load balancer counts is judged: server errors, lost requests and response times. A wrong answer with status 200 is not seen',
    ...(record.shifts.some(({ share }) => share === ALL)
      ? [`at ${percent(ALL)} there is no ${release.stable} to compare with: absolute limits apply there`]
      : []),
    ...(unchecked.length > 0 && isWatched(record)
      ? [`not watched in this rehearsal: promise ${listed(unchecked.map(String))}`]
      : []),
  ];
  return html`<section aria-labelledby="blind"><h2 id="blind">What this rehearsal could not see</h2>${exposureTable(record, release)}<ul>${told.map(
    (one) => html`<li>${joined(capital(one))}.</li>`,
  )}</ul></section>`;
}

/** What the traffic of this rehearsal can show at each share, and what was there in fact. */
function exposureTable(record: RunRecord, { plan, candidate, minutes }: RecordedRelease): Markup | undefined {
  const tasks = minutes[0]?.tasks ?? { candidate: 1, stable: 1 };
  const requestsPerSecond = record.rehearsal?.rps ?? record.requests.total / Math.max(1, record.seconds);
  const stages = exposure(plan, { requestsPerSecond, stableTasks: tasks.stable, minimumTasks: tasks.candidate });
  if (stages.length === 0 || plan.policy === 'literal') return undefined;
  const judged = (share: Share): number =>
    minutes
      .filter(({ minute }) => shareAt(record, minute + 59 - record.start) === share)
      .reduce((sum, minute) => sum + (minute.candidate?.requests ?? 0), 0);
  const traffic =
    requestsPerSecond < 10 ? String(Math.round(requestsPerSecond * 100) / 100) : grouped(requestsPerSecond);
  return html`<div class="scroll"><table>
<caption>At ${traffic} requests a second, all traffic. A smaller fault than shown can pass the stage.</caption>
<thead><tr><th scope="col">Stage</th><th scope="col" class="number">Requests on ${candidate} in a bake</th><th scope="col" class="number">Judged here</th><th scope="col">A fault shows when it adds</th></tr></thead>
<tbody>${stages.map(
    ({ share, requests, faultPoints }) => html`
<tr><th scope="row">${percent(share)}</th><td class="number">${grouped(requests)}</td><td class="number">${grouped(judged(share))}</td><td>${faultPoints === undefined ? 'nothing shows here in time' : `${faultPoints.toFixed(faultPoints < 1 ? 2 : 1)} points of errors`}</td></tr>`,
  )}</tbody></table></div>`;
}

/** Minutes of the bakes that ended before their numbers came, or that came without them. */
function unjudgedMinutes(record: RunRecord, { minutes, candidate, stable, plan }: RecordedRelease): readonly string[] {
  if (record.policy === 'literal')
    return [
      'policy literal reads alarms and bars: what is shown of single minutes was counted afterwards, and decided nothing',
    ];
  if (plan.stages.length === 1) return [];
  const first = record.shifts.find(({ share }) => share > 0)?.second;
  if (first === undefined) return [];
  const end = record.abort?.second ?? record.shifts.find(({ share }) => share === ALL)?.second ?? record.seconds;
  const compared = minutes.filter(({ minute }) => minute - record.start < end);
  const missing = Math.floor(end / 60) - Math.ceil(first / 60) - compared.length;
  const mute = (of: 'candidate' | 'stable') => compared.filter((minute) => !minute[of]).length;
  return [
    ...(missing > 0
      ? [`the last ${minuteCount(missing)} before the end of the bakes: the numbers come 1 to 2 min late`]
      : []),
    ...(mute('candidate') > 0
      ? [`${minuteCount(mute('candidate'))} in which no numbers of ${candidate} were delivered`]
      : []),
    ...(mute('stable') > 0 ? [`${minuteCount(mute('stable'))} in which no numbers of ${stable} were delivered`] : []),
  ];
}

const minuteCount = (count: number): string => (count === 1 ? 'one minute' : `${count} minutes`);
