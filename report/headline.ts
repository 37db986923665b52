/** What happened, in one line and one sentence. */
import { duration } from '../functions/core/numerals.ts';
import { ALL, NONE, type Share } from '../functions/core/share.ts';
import { html, type Markup } from './markup.ts';
import type { RecordedRelease, RunRecord } from './record.ts';
import { capital, joined, percent, withoutPrefix } from './words.ts';

/** How it goes, as far as colour goes. */
export const toneOf = ({ outcome, abort }: RunRecord): string =>
  outcome === 'flying' && abort ? TONE.reverted : TONE[outcome];

const TONE: Readonly<Record<RunRecord['outcome'], 'good' | 'bad' | 'waits' | 'plain'>> = {
  promoted: 'good',
  reverted: 'bad',
  stuck: 'bad',
  killed: 'bad',
  held: 'waits',
  flying: 'plain',
  refused: 'plain',
  nothing: 'plain',
};

export function headlineOf(record: RunRecord): string {
  const { finding } = partsOfReason(record);
  const at = percent(shareOfEnd(record));
  switch (record.outcome) {
    case 'promoted':
      return `Promoted: ${finding}`;
    case 'reverted':
      return everShifted(record) ? `Reverted at ${at}: ${finding}` : `Reverted before any user met it: ${finding}`;
    case 'held':
      return `Held at ${at}: an operator must decide`;
    case 'stuck':
      return `STUCK at ${percent(record.world.share)}: an operator must decide`;
    case 'flying':
      return record.abort
        ? `Rolling back to ${record.release?.stable}: ${finding}`
        : `Running at ${at}: ${nowDoing(record)}`;
    case 'killed':
      return `Left at ${percent(record.world.share)}: the controller stopped`;
    case 'refused':
      return 'Refused: nothing was changed';
    case 'nothing':
      return `Nothing to do: ${finding}`;
  }
}

/** The sentence under the headline: the numbers behind it, and where users are now. */
export function verdictOf(record: RunRecord): Markup {
  const { outcome, reason, wrong = [reason], release, world, decisions } = record;
  const sentences = (...texts: readonly (string | undefined)[]): Markup =>
    html`<p>${texts.filter((text) => text).map((text) => html`${emphasised(sentence(text!))} `)}</p>`;
  const { numbers } = partsOfReason(record);
  switch (outcome) {
    case 'promoted':
      return sentences(lastAdvance(record) ?? whyNothingWasCompared(release));
    case 'reverted':
      return sentences(numbers, whoGaveTheOrder(record), whereUsersWent(record));
    case 'held':
      return sentences(withoutPrefix(reason));
    case 'stuck':
      return sentences(reason, release && whereUsersAre(release, world.share));
    case 'flying':
      return sentences(record.abort ? numbers : decisions.at(-1)?.text, record.abort && whoGaveTheOrder(record));
    case 'killed':
      return sentences(
        release && `the rule still sends ${percent(world.share)} of the requests to ${release.candidate}`,
        world.lock ? `the lock is held in phase ${world.lock.phase}` : undefined,
      );
    case 'refused':
      return html`<ul>${wrong.map((line) => html`<li>${joined(line)}</li>`)}</ul>`;
    case 'nothing':
      return sentences(numbers ?? reason);
  }
}

export interface ReasonParts {
  readonly finding: string;
  readonly numbers?: string;
}

/** A reason is a finding and, after a colon, its numbers; one of the plan's own limits names only the colour before it. */
export function partsOfReason({ reason, evidence, release }: RunRecord): ReasonParts {
  const [finding, ...rest] = reason.split(': ');
  const numbers = rest.join(': ');
  if (evidence && !('odds' in evidence) && release)
    return { finding: `${release.candidate} crossed a limit`, numbers: numbers || reason };
  return { finding: joined(finding!), ...(numbers ? { numbers } : {}) };
}

const everShifted = ({ shifts }: RunRecord): boolean => shifts.some(({ share }) => share > NONE);

/** The share at which a release turned back, or still stands. */
const shareOfEnd = ({ shifts, world, outcome }: RunRecord): Share =>
  outcome === 'reverted' ? (shifts.findLast(({ share }) => share > NONE)?.share ?? NONE) : world.share;

function nowDoing({ release, world: { lock } }: RunRecord): string {
  if (!release || !lock) return 'nothing is opened yet';
  const { candidate, stable } = release;
  switch (lock.phase) {
    case 'baking':
      return `${candidate} is watched`;
    case 'warm':
      return `${candidate} has all users, ${stable} is kept warm`;
    case 'reverting':
      return `all users are back on ${stable}`;
    case 'closing':
      return `${stable} is scaled to zero`;
    default:
      return `${candidate} gets ready`;
  }
}

const lastAdvance = ({ decisions }: RunRecord): string | undefined =>
  decisions.findLast(({ word, share }) => word === 'advance' && share < ALL)?.text;

const whyNothingWasCompared = (release: RecordedRelease | undefined): string | undefined =>
  release?.plan.stages.length === 1
    ? `there was nothing to compare it with, so all requests went to ${release.candidate} at once, after health and probe`
    : undefined;

function whoGaveTheOrder({ abort }: RunRecord): string | undefined {
  if (!abort || abort.by === 'owner') return undefined;
  return abort.by === 'person' ? 'an operator gave the order' : `the ${abort.by} gave the order`;
}

function whereUsersAre({ candidate, stable }: RecordedRelease, share: Share): string {
  if (share === ALL || share === NONE) return `all requests go to ${share === ALL ? candidate : stable}`;
  return `${candidate} has ${percent(share)} of the requests`;
}

function whereUsersWent(record: RunRecord): string | undefined {
  const { release, secondsFromVerdictToStable: seconds, world } = record;
  if (!release) return undefined;
  if (!everShifted(record)) return `users stayed on ${release.stable} all the time`;
  if (world.share > NONE) return undefined;
  return seconds === undefined
    ? `all requests are back on ${release.stable}`
    : `all requests were back on ${release.stable} ${duration(seconds)} after the verdict`;
}

const sentence = (text: string): string => `${capital(joined(text)).replace(/\.$/, '')}.`;

/** The first portion is what the reader looks for. */
function emphasised(text: string): Markup {
  const portion = /[\d,]+ of [1-9][\d,]* requests(?: \([\d.]+\u00a0%\))?/.exec(text)?.[0];
  if (portion === undefined) return html`${text}`;
  const at = text.indexOf(portion);
  return html`${text.slice(0, at)}<strong>${portion}</strong>${text.slice(at + portion.length)}`;
}
