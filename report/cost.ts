/** What a release cost its users. */
import type { Counts } from '../functions/core/judge/readings.ts';
import { ALL } from '../functions/core/share.ts';
import type { MinuteEvidence } from '../functions/ports/ledger.ts';

/** As much of a rehearsal as its cost needs. */
export interface Costed {
  readonly outcome: string;
  readonly requests: { readonly total: number; readonly candidate: number; readonly failedByCandidate: number };
  readonly release?: { readonly minutes: readonly MinuteEvidence[] } | undefined;
}

export interface Cost {
  /** Of all requests, those that met the candidate; 0-1. */
  readonly metCandidate: number;
  /** Failures of the candidate beyond what stable would have had; of a release that went back, where both had requests. */
  readonly moreFailures?: number;
}

/**
 * Each judged minute of the candidate at stable's own rate of that minute, so that an outage of both costs nothing; the
 * minutes whose numbers were never judged at stable's rate over the whole release.
 */
export function costOf({ outcome, requests, release }: Costed): Cost {
  const metCandidate = requests.total > 0 ? requests.candidate / requests.total : 0;
  const beside = (release?.minutes ?? []).filter(({ stable, share }) => stable && share < ALL);
  const stable = sum(beside, (minute) => minute.stable?.requests);
  if (outcome !== 'reverted' || stable === 0) return { metCandidate };
  const usualRate = sum(beside, (minute) => minute.stable?.failures) / stable;
  const judged = sum(beside, ({ candidate }) => candidate?.requests);
  const expected = sum(beside, (minute) => (minute.candidate?.requests ?? 0) * rateOf(minute.stable!));
  const unjudged = Math.max(0, requests.candidate - judged);
  return { metCandidate, moreFailures: Math.round(requests.failedByCandidate - expected - unjudged * usualRate) };
}

const rateOf = ({ requests, failures }: Counts): number => (requests > 0 ? failures / requests : 0);

const sum = (minutes: readonly MinuteEvidence[], of: (minute: MinuteEvidence) => number | undefined): number =>
  minutes.reduce((total, minute) => total + (of(minute) ?? 0), 0);
