/** Every notification that carries the command of last resort carries it with the rule's sign-in. */
import { expect, test } from 'vitest';
import { modifyRuleOf, pasted } from '../adapters/pasted.ts';
import { ABORT, askUntilAnswered, type Fixture, fixture, lockIn, NOW, SOMEBODY_ELSE } from './fixture.ts';

const SIGN_IN = { Type: 'authenticate-cognito', Order: 1, AuthenticateCognitoConfig: { UserPoolDomain: 'domain' } };

type Tells = readonly [when: string, Parameters<typeof fixture>[0], (it: Fixture) => Promise<unknown>];

const dead = { executionStatus: () => 'ended' as const };

const TELLS: readonly Tells[] = [
  [
    'at the first share',
    { lock: lockIn('deploying', 0), candidateTasks: 4 },
    (it) => it.ask('Shift', { ...BELONGS, share: 5 }),
  ],
  ['that users are back', { lock: lockIn('baking', 25, { abort: ABORT }) }, (it) => it.ask('Revert')],
  [
    'that an operator must decide',
    { lock: lockIn('reverting', 0, { abort: ABORT, settleFrom: NOW - 120 }), stableTasks: 0, candidateTasks: 0 },
    (it) => askUntilAnswered(it, 'Revert'),
  ],
  [
    'that it asks a person',
    {
      lock: lockIn('baking', 25, { stageFrom: NOW - 3600, firstShareAt: NOW - 3600 }),
      minutes: 3,
    },
    (it) => it.ask('Judge', { ...BELONGS, share: 25 }),
  ],
  [
    'that a release was taken over',
    { lock: lockIn('baking', 25, { owner: SOMEBODY_ELSE }), ...dead },
    (it) => it.reconcile(),
  ],
  [
    'that it was taken over, when whoever did so died before anybody knew',
    {
      lock: lockIn('reverting', 0, {
        owner: 'reconciler',
        settleFrom: NOW,
        reason: 'its controller had stopped at 25 %',
      }),
    },
    (it) => it.reconcile(),
  ],
  ['that the rule was put right', { weights: { blue: 70, green: 30 } }, (it) => it.reconcile()],
];

const BELONGS = { release: { id: lockIn('opening').releaseId, fence: lockIn('opening').fence } };

test.each(TELLS)('%s', async (_, options, act) => {
  const it = await fixture(options);
  it.world.balancer.actions = [SIGN_IN, { Type: 'forward', Order: 2 }];
  await act(it);
  const commands = it.world.notifications
    .flatMap(({ notification }) => notification.next)
    .filter((next) => next.includes('modify-rule'));
  expect(commands.length).toBeGreaterThan(0);
  for (const command of commands) {
    expect(modifyRuleOf(command).Actions).toMatchObject([SIGN_IN, { Type: 'forward', Order: 2 }]);
    expect(pasted(command).told).toBe('');
  }
});
