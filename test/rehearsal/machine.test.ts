/** The safety net of the state machine: what follows from answers and errors that nobody planned. */
import { describe, expect, test } from 'vitest';
import { FencedOut } from '../../functions/core/failures.ts';
import { writes } from '../../functions/core/protocol.ts';
import type { StepInput, StepOutput } from '../../functions/steps/shared/step.ts';
import type { Play, Verb } from '../../rehearsal/functions.ts';
import { rehearsal, withStep } from './rehearsals.ts';

/** Answers with a verdict that is in nobody's list, once the real step has answered. */
const babbling = (verb: Verb) =>
  withStep(verb, async (input: StepInput, real) => ({ ...((await real(input)) as StepOutput), verdict: 'perhaps' }));

/** Fails the first time, whatever it is asked. */
const failingOnce = (verb: Verb, error: Error) => {
  let isFirst = true;
  return withStep(verb, async (input: StepInput, real) => {
    if (!isFirst) return real(input);
    isFirst = false;
    throw error;
  });
};

const statesOf = ({ timeline }: Awaited<ReturnType<typeof rehearsal>>) => new Set(timeline.map(({ state }) => state));

describe('a verdict that nobody knows', () => {
  test.each(['Migrate', 'Prepare', 'Shift', 'Judge'] as const)('of %s leads back to stable', async (verb) => {
    const rehearsed = await rehearsal('healthy', { sabotage: babbling(verb) });
    expect([rehearsed.outcome, rehearsed.world.share, rehearsed.violations]).toEqual(['reverted', 0, []]);
  });
});

describe('an error that nobody planned', () => {
  test.each(['Migrate', 'Prepare', 'Shift', 'Judge'] as const)('in %s leads back to stable', async (verb) => {
    const rehearsed = await rehearsal('healthy', { sabotage: failingOnce(verb, new TypeError('what?')) });
    expect([rehearsed.outcome, rehearsed.world.share, rehearsed.violations]).toEqual(['reverted', 0, []]);
    expect(rehearsed.reason).toBe('what?');
  });

  test('in Close is answered by Close, never by Revert', async () => {
    const rehearsed = await rehearsal('healthy', { sabotage: failingOnce('Close', new TypeError('what?')) });
    expect([rehearsed.outcome, rehearsed.world.stable, rehearsed.violations]).toEqual(['promoted', 'green', []]);
    expect(statesOf(rehearsed)).not.toContain('Revert');
  });

  test('while the warm time is watched is told to a person, and does not revert a good version', async () => {
    let isFirst = true;
    const rehearsed = await rehearsal('healthy', {
      sabotage: withStep('Judge', async (input: StepInput, real, world) => {
        if (world.ledger.state.lock?.phase === 'warm' && isFirst) {
          isFirst = false;
          throw new TypeError('what?');
        }
        return real(input);
      }),
    });
    expect([rehearsed.outcome, rehearsed.violations]).toEqual(['promoted', []]);
    expect(rehearsed.world.notifications.map(({ title }) => title)).toContain('A check in the warm time failed');
  });

  test('in Revert is answered by Revert', async () => {
    const rehearsed = await rehearsal('errors', { sabotage: failingOnce('Revert', new TypeError('what?')) });
    expect([rehearsed.outcome, rehearsed.world.share, rehearsed.violations]).toEqual(['reverted', 0, []]);
  });
});

describe('an execution that is fenced out', () => {
  test.each(['Migrate', 'Prepare', 'Shift', 'Judge', 'Close'] as const)(
    'in %s ends under that name and touches nothing',
    async (verb) => {
      const rehearsed = await rehearsal('healthy', {
        sabotage: failingOnce(verb, new FencedOut('somebody else owns it')),
      });
      expect(rehearsed.timeline.at(-1)?.state).toBe('FencedOut');
      expect(statesOf(rehearsed)).not.toContain('Revert');
    },
  );
});

describe('a person’s hold', () => {
  test('while a share cannot be taken back is looked at once a tick, and not as fast as the machine can', async () => {
    const rehearsed = await rehearsal('healthy', {
      // Stable is dead, so Shift leaves users where the rule has them; the judge sends it there again and again.
      sabotage: (functions, world) => {
        const isHeld = () => world.ledger.state.lock?.share === 5;
        const answer = (verdict: string, real: Play) => async (payload: unknown) =>
          isHeld() ? { verdict, share: 25, waitSeconds: 30, summary: verdict } : real(payload);
        return { ...functions, Judge: answer('finish', functions.Judge), Shift: answer('held', functions.Shift) };
      },
      killAt: 200,
    });
    expect(rehearsed.outcome).toBe('killed');
    expect(rehearsed.timeline.at(-1)!.second).toBeGreaterThan(1000);
  });

  test('before the first share keeps users where they are, and the release goes on afterwards', async () => {
    const rehearsed = await rehearsal('healthy', {
      sabotage: (functions, world) => {
        const { ledger } = world.ports({ by: 'person' });
        const { clock } = world;
        clock.at(clock.now() + 10, () => void ledger.write(writes.hold(8, 'maria', clock.now())));
        clock.at(clock.now() + 1000, () => void ledger.write(writes.resume(8)));
        return functions;
      },
    });
    expect([rehearsed.outcome, rehearsed.shares, rehearsed.violations]).toEqual(['promoted', [5, 25, 50, 100], []]);
    expect(rehearsed.writes.find(({ call }) => call === 'ModifyRule')?.second).toBeGreaterThan(1000);
  });
});
