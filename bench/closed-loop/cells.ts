/** Runs a condition many times, each with a seed of its own, and counts how the releases ended. */
import type { Policy } from '../../functions/core/plan.ts';
import type { RehearsalResult } from '../../rehearsal/account.ts';
import { runRehearsal } from '../../rehearsal/rehearse.ts';
import { percent } from '../detection/command.ts';
import { wilson } from '../detection/tally.ts';
import { type ConditionName, type FaultName, rehearsalOf } from './conditions.ts';

/** Rates are 0-1. */
export interface LoopCell {
  readonly condition: ConditionName;
  readonly fault: FaultName;
  readonly policy: Policy;
  readonly runs: number;
  readonly promoted: number;
  /** Went back because of the numbers: the comparison and the pass bars, or a literal alarm. */
  readonly byNumbers: number;
  /** Went back for a crash, or for want of a healthy target. */
  readonly byHardRules: number;
  /** Went back although nothing spoke against it: unproven, and nobody answered or the plan said so. */
  readonly unproven: number;
  /** A person was asked. */
  readonly asked: number;
  /** 95 % interval of `promoted`. */
  readonly ci95: readonly [low: number, high: number];
  /** From the first share to all requests on stable again, of those that went back. */
  readonly medianMinutesToBack?: number;
  /** Promises that a rehearsal broke; 0. */
  readonly violations: number;
}

export type End = 'promoted' | 'byNumbers' | 'byHardRules' | 'unproven';

export async function loopCell(
  condition: ConditionName,
  fault: FaultName,
  policy: Policy,
  runs: number,
  seed: number,
): Promise<LoopCell> {
  const ends: End[] = [];
  const minutes: number[] = [];
  let [asked, violations] = [0, 0];
  for (let run = 0; run < runs; run++) {
    const rehearsed = await runRehearsal(rehearsalOf(condition, fault, policy, seed + run));
    ends.push(endOf(rehearsed));
    violations += rehearsed.violations.length;
    if (rehearsed.world.notifications.some(({ kind }) => kind === 'held')) asked++;
    const back = minutesToBack(rehearsed);
    if (back !== undefined) minutes.push(back);
  }
  const rate = (end: End) => ends.filter((one) => one === end).length / runs;
  const sorted = minutes.toSorted((one, other) => one - other);
  return {
    condition,
    fault,
    policy,
    runs,
    promoted: rate('promoted'),
    byNumbers: rate('byNumbers'),
    byHardRules: rate('byHardRules'),
    unproven: rate('unproven'),
    asked: asked / runs,
    ci95: wilson(ends.filter((end) => end === 'promoted').length, runs),
    ...(sorted.length > 0 ? { medianMinutesToBack: sorted[sorted.length >> 1]! } : {}),
    violations,
  };
}

const HARD = /crashed|no healthy target/;
const UNPROVEN = /nobody gave an answer|rolled back when unproven/;
const NUMBERS = /odds|alarm|limit: |pass bar/;

/** From the sentence that ends it, as a person reads it. Throws on an end that no release of this bench may come to. */
export function endOf({ outcome, reason }: Pick<RehearsalResult, 'outcome' | 'reason'>): End {
  if (outcome === 'promoted') return 'promoted';
  if (outcome === 'reverted' && HARD.test(reason)) return 'byHardRules';
  if (outcome === 'reverted' && UNPROVEN.test(reason)) return 'unproven';
  if (outcome === 'reverted' && NUMBERS.test(reason)) return 'byNumbers';
  throw new Error(`A rehearsal ended ${outcome}: ${reason}`);
}

/** "100 % promoted; 3 % asked" */
export function cellSentence(cell: LoopCell): string {
  const back = cell.byNumbers + cell.byHardRules + cell.unproven;
  const parts: readonly (readonly [number, string])[] = [
    [cell.promoted, 'promoted'],
    [cell.byNumbers, 'back by the numbers'],
    [cell.byHardRules, 'back by a hard rule'],
    [cell.unproven, 'back unproven'],
    [cell.asked, 'asked'],
  ];
  const told = parts.flatMap(([rate, what]) => (rate > 0 ? [`${percent(rate)} ${what}`] : []));
  return `${told.join('; ')}${back > 0 ? `; minute ${cell.medianMinutesToBack}` : ''}`;
}

function minutesToBack({ writes, outcome }: RehearsalResult): number | undefined {
  const first = writes.find(({ call, share }) => call === 'ModifyRule' && (share ?? 0) > 0);
  const back = writes.find(({ call, share }) => call === 'ModifyRule' && share === 0);
  if (outcome !== 'reverted' || !first || !back) return undefined;
  return Math.round((back.second - first.second) / 6) / 10;
}
