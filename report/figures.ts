/** Four numbers that say how a rehearsal went. */
import { ODDS_LIMIT } from '../functions/core/judge/constants.ts';
import { duration, grouped, oddsInWords } from '../functions/core/numerals.ts';
import { ANSWER_WITHIN_SECONDS } from '../functions/core/plan.ts';
import { ALL, NONE } from '../functions/core/share.ts';
import { sumOfSome } from './axis.ts';
import { costOf } from './cost.ts';
import type { RecordedRelease, RunRecord } from './record.ts';
import { clock, joined, listed, percent, rate } from './words.ts';

/** From the verdict to all requests on stable: the promise of the design. */
const BACK_WITHIN_SECONDS = 120;

export interface Figure {
  readonly label: string;
  readonly value: string;
  readonly note: string;
}

/** Four numbers that say how it went; none where nothing was opened. */
export function figuresOf(record: RunRecord): readonly Figure[] {
  const { release, outcome } = record;
  if (!release) return [];
  const users = [errorsOf(record, release), requestsMet(record, release)];
  if (outcome === 'promoted') return [timeToAll(record, release), mostOdds(record, release), ...users];
  if (outcome === 'reverted') return [timeBack(record, release), timeToVerdict(record), ...users];
  if (outcome === 'held') return [heldSince(record), answerDue(record), ...users];
  return [usersNow(record, release), tasksNow(record, release), ...users];
}

function timeBack({ secondsFromVerdictToStable: seconds }: RunRecord, { stable }: RecordedRelease): Figure {
  const label = `Verdict to ${percent(ALL)} ${stable}`;
  if (seconds === undefined) return { label, value: 'not needed', note: `users never left ${stable}` };
  return { label, value: duration(seconds), note: `budget ${BACK_WITHIN_SECONDS} s` };
}

function timeToVerdict({ rehearsal, abort, release, start, seconds, shifts }: RunRecord): Figure {
  const verdict = abort?.second ?? shifts.findLast(({ share }) => share === NONE)?.second ?? seconds;
  const fault = rehearsal?.faultSecond;
  if (fault !== undefined && fault <= verdict) {
    return {
      label: 'Fault to verdict',
      value: roughly(verdict - fault),
      note: `the fault began at ${clock({ start }, fault)}`,
    };
  }
  const sign = abort && release?.minutes.find(({ odds }) => odds > 1);
  if (sign) {
    const since = sign.minute - start;
    return {
      label: 'First sign to verdict',
      value: roughly(verdict - since),
      note: `odds over 1 in minute ${clock({ start }, since)}`,
    };
  }
  return { label: 'Start to verdict', value: roughly(verdict), note: 'from the opening of the release' };
}

function timeToAll({ shifts }: RunRecord, { candidate, plan }: RecordedRelease): Figure {
  const full = shifts.find(({ share }) => share === ALL)?.second ?? 0;
  const bakes = plan.stages.filter(({ share }) => share < ALL).map(({ share }) => String(share));
  return {
    label: `Start to ${percent(ALL)} ${candidate}`,
    value: roughly(full),
    note: bakes.length > 0 ? `with bakes at ${joined(`${listed(bakes)} %`)}` : 'no bake: nothing to compare with',
  };
}

function mostOdds(record: RunRecord, release: RecordedRelease): Figure {
  const compared = release.minutes.filter(({ share, stable }) => share < ALL && stable);
  if (record.policy === 'literal' || compared.length === 0) {
    const full = record.shifts.find(({ share }) => share === ALL)?.second ?? record.seconds;
    return {
      label: `Watched at ${percent(ALL)}`,
      value: roughly(record.seconds - full),
      note: 'by absolute limits',
    };
  }
  const worst = compared.reduce((most, minute) => (minute.odds > most.odds ? minute : most));
  return {
    label: 'Highest odds of harm',
    value: oddsInWords(worst.odds),
    note: `limit ${ODDS_LIMIT}; in minute ${clock(record, worst.minute - record.start)}`,
  };
}

/** Failures beyond what as many requests of stable would have had; of a release that did not go back, all of them. */
function errorsOf(record: RunRecord, { candidate, stable, minutes }: RecordedRelease): Figure {
  const { failedByCandidate: failed, candidate: met } = record.requests;
  if (met === 0) return { label: `Errors of ${candidate}`, value: '0', note: 'it met no request' };
  const { moreFailures: more } = costOf(record);
  if (more !== undefined) {
    return {
      label: `Errors caused by ${candidate}`,
      value: grouped(Math.max(0, more)),
      note: `${grouped(failed)} failed, ${grouped(failed - more)} at the rate of ${stable}`,
    };
  }
  const beside = sumOfSome(minutes.map((minute) => minute.stable));
  const compared = beside ? `; ${stable} ${rate(beside.failures, beside.requests)}` : '';
  return {
    label: `Errors of ${candidate}`,
    value: grouped(failed),
    note: `${rate(failed, met)} of its requests${compared}`,
  };
}

const requestsMet = ({ requests }: RunRecord, { candidate }: RecordedRelease): Figure => ({
  label: `Requests that met ${candidate}`,
  value: percent((100 * requests.candidate) / Math.max(1, requests.total), 1),
  note: `${grouped(requests.candidate)} of ${grouped(requests.total)}`,
});

function usersNow({ world: { share } }: RunRecord, { candidate, stable }: RecordedRelease): Figure {
  const label = 'Users now';
  if (share === NONE)
    return { label, value: `${percent(ALL)} ${stable}`, note: `none on ${candidate}, as the rule says` };
  return {
    label,
    value: `${percent(share)} ${candidate}`,
    note: `${percent(ALL - share)} ${stable}, as the rule says`,
  };
}

const tasksNow = ({ world }: RunRecord, { candidate, stable }: RecordedRelease): Figure => ({
  label: 'Healthy tasks now',
  value: `${world.healthy[candidate]} and ${world.healthy[stable]}`,
  note: `${candidate} and ${stable}`,
});

function heldSince(record: RunRecord): Figure {
  const { decisions } = record;
  const goneOn = decisions.findLastIndex(({ word }) => !HOLDING.has(word));
  const since = decisions[goneOn + 1]?.second ?? record.seconds;
  return { label: 'Held for', value: roughly(record.seconds - since), note: `since ${clock(record, since)}` };
}

/** Decisions that leave a release held. */
const HOLDING: ReadonlySet<string> = new Set(['hold', 'ask', 'page', 'fault']);

function answerDue(record: RunRecord): Figure {
  const asked = record.decisions.findLast(({ word }) => word === 'ask')?.second;
  if (asked === undefined) return { label: 'A person', value: 'not asked yet', note: 'it tries on by itself' };
  return {
    label: 'Rolled back unless answered',
    value: clock(record, asked + ANSWER_WITHIN_SECONDS),
    note: `asked at ${clock(record, asked)}`,
  };
}

/** Of ten minutes and more, seconds say nothing. */
const roughly = (seconds: number): string => duration(seconds < 600 ? seconds : Math.round(seconds / 60) * 60);
