/** What the runbook tells a person to type does what it says, and every page that can come is explained in it. */
import { describe, expect, test } from 'vitest';
import { Stuck } from '../functions/core/failures.ts';
import { forceStable } from '../functions/core/force-stable.ts';
import { type Lock, type ServiceState, writes } from '../functions/core/protocol.ts';
import { MemoryLedger } from '../rehearsal/ledger.ts';
import { SCENARIOS } from '../rehearsal/scenarios.ts';
import { serviceSettings } from '../rehearsal/setting.ts';
import type { World } from '../rehearsal/world.ts';
import { Table } from './adapters/table.ts';
import { rehearsal, shortRehearsal } from './rehearsal/rehearsals.ts';
import { textOf } from './repository-files.ts';
import { CURRENT, fixture, IMAGES, lockIn, NOW, PHASES, SETTINGS, SOMEBODY_ELSE } from './steps/fixture.ts';

const page = textOf('docs/runbook.md');

/** The words after each option of a command, without their quotes. */
const commandIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    [...text.matchAll(/--([\w-]+) (?:'([^']+)'|"([^"]+)")/g)].map(([, name, one, other]) => [name!, (one ?? other)!]),
  );

/** The first command under that heading that writes the ledger, or the one after it. */
const commandUnder = (heading: string, nth = 0): Readonly<Record<string, string>> =>
  commandIn(
    page
      .slice(page.indexOf(`# ${heading}\n`))
      .split('aws dynamodb update-item')
      [nth + 1]!.split('\n```')[0]!,
  );

const KEY = 'SERVICE#conductores-backend STATE';

/** Carries the page's own command out on a table that holds this state; undefined when its condition refuses. */
function typed(command: Readonly<Record<string, string>>, state: ServiceState): ServiceState | undefined {
  const table = new Table();
  const before = structuredClone({ pk: 'SERVICE#conductores-backend', sk: 'STATE', ...state });
  table.items.set(KEY, before as never);
  const json = (name: string) => JSON.parse(command[name]!) as never;
  try {
    table.answers['UpdateItem']!({
      Key: json('key'),
      UpdateExpression: command['update-expression'],
      ConditionExpression: command['condition-expression'],
      ExpressionAttributeNames: json('expression-attribute-names'),
      ExpressionAttributeValues: json('expression-attribute-values'),
    } as never);
  } catch (error) {
    if ((error as Error).name === 'ConditionalCheckFailedException') return undefined;
    throw error;
  }
  const { pk: _, sk: __, ...after } = table.items.get(KEY) as unknown as ServiceState & { pk: string; sk: string };
  return after;
}

const stateWith = (lock: Lock | undefined): ServiceState => ({
  service: SETTINGS.service,
  stable: 'blue',
  fence: 8,
  current: CURRENT,
  ...(lock ? { lock } : {}),
});

describe('a command of the runbook that writes the ledger', () => {
  test.each(PHASES)('frees a stuck release, and nothing else (%s)', (phase) => {
    const after = typed(commandUnder('Stuck'), stateWith(lockIn(phase)));
    expect(after).toEqual(phase === 'stuck' ? stateWith(undefined) : undefined);
  });

  const hold = { by: 'ana', at: NOW };
  const held = commandUnder('Held, and asked', 1);
  const ours = {
    advance: {
      command: commandUnder('Held, and asked'),
      write: writes.command({ id: 'by-hand-1', verb: 'advance', share: 25, fence: 8 }),
      facts: {},
    },
    resume: { command: held, write: writes.resume(8), facts: { hold } },
    abort: {
      command: commandUnder('The ledger by hand'),
      write: writes.abort(8, { by: 'person', reason: 'by hand', at: 1_767_621_600 }),
      facts: {},
    },
  } as const;

  describe.each(Object.entries(ours))('does what ours does: %s', (_, { command, write, facts }) => {
    test.each(PHASES)('in phase %s', (phase) => {
      const locks = [
        lockIn(phase, 25, facts),
        lockIn(phase, 50, facts),
        lockIn(phase, 25, { ...facts, fence: 9 }),
        lockIn(phase, 25, { ...facts, abort: { by: 'guard', reason: 'it rang', at: NOW } }),
      ];
      for (const state of [stateWith(undefined), ...locks.map(stateWith)]) {
        const { written, state: expected } = new MemoryLedger(state).write(write);
        expect(typed(command, state)).toEqual(written ? expected : undefined);
      }
    });
  });

  test('after a restore gives a fence that nobody before can have, and takes what was running away', () => {
    const command = commandUnder('Restore the ledger, and adopt what is there');
    expect(typed(command, stateWith(lockIn('baking', 25)))).toEqual({ ...stateWith(undefined), fence: 1008 });
  });
});

test('force-stable in the runbook is the command that the notifications carry', () => {
  const { traffic } = serviceSettings({ policy: 'compare', warmMinutes: 60, scenario: SCENARIOS.healthy });
  expect(page).toContain(`\n${forceStable(traffic, 'blue')}\n`);
});

/** Titles in the first column of the page's table; `…` stands for anything. */
const explained = [
  ...page.slice(page.indexOf('\n## Notifications')).matchAll(/^\| `([^`]+)` \| [^|]+ \| [^|]+ \|$/gm),
].map(
  ([, title]) =>
    new RegExp(
      `^${title!
        .split('…')
        .map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
        .join('.+')}$`,
    ),
);

const titlesOf = ({ notifications }: World): readonly string[] =>
  notifications.map(({ notification: { title } }) => title);

const ended = (): 'ended' => 'ended';
const pending = { digest: IMAGES['v1.5.1'].digest, image: 'v1.5.1', pushedAt: NOW - 30, attempt: 3, input: {} };

/** Whatever can be paged, in one list of stories. */
const STORIES: Readonly<Record<string, () => Promise<World>>> = {
  'a good release, and a push behind it': async () =>
    (await shortRehearsal({ events: [{ when: { share: 25 }, push: 'v1.5.1' }] })).setting,
  'a bad release': async () => (await shortRehearsal({}, 'errors')).setting,
  'a release that nobody can judge': async () => (await rehearsal('low-traffic')).setting,
  'a release whose controller is stopped': async () => (await shortRehearsal({ killAt: 20 })).setting,
  'a rollback while a push waits': async () => {
    const it = await fixture({ service: { pending } });
    await it.open({ action: 'rollback' });
    return it.world;
  },
  'stable dies while it goes back': async () => {
    const it = await fixture({ lock: lockIn('baking', 25), stableTasks: 0 });
    for (let look = 0; look < 6; look++) {
      await it.ask('Revert');
      await it.wait(30);
    }
    return it.world;
  },
  'stable lives again while it goes back': async () => {
    const it = await fixture({ lock: lockIn('baking', 25) });
    for (const health of ['unhealthy', 'healthy'] as const) {
      it.turn('blue', health);
      await it.ask('Revert');
      await it.wait(30);
    }
    return it.world;
  },
  'users are moved by hand': async () => {
    const it = await fixture({ weights: { blue: 0, green: 100 } });
    it.world.tasks.alreadyUp('green', IMAGES['v1.5.0'].digest, 2);
    await it.reconcile();
    return it.world;
  },
  'users are split by hand': async () => {
    const it = await fixture({ weights: { blue: 60, green: 40 } });
    await it.reconcile();
    return it.world;
  },
  'both weights are 0': async () => {
    const it = await fixture({ weights: { blue: 0, green: 0 } });
    await it.reconcile();
    return it.world;
  },
  'a third group in the rule': async () => {
    const refuses = (_: number, name: string) => {
      if (name === 'DescribeRules')
        throw new Stuck('The listener rule also forwards to arn:aws:elasticloadbalancing:x, which is none of ours');
    };
    const it = await fixture({ before: refuses });
    await it.reconcile().catch(() => undefined);
    const rollsBack = await fixture({ lock: lockIn('reverting', 0, { settleFrom: NOW }), before: refuses });
    await rollsBack.ask('Revert').catch(() => undefined);
    it.world.notifications.push(...rollsBack.world.notifications);
    return it.world;
  },
  'a push that is refused again and again': async () => {
    const it = await fixture({ service: { pending }, executionStatus: ended });
    await it.reconcile();
    return it.world;
  },
  'a push that cannot be started': async () => {
    const it = await fixture({
      service: { pending: { ...pending, attempt: 1 } },
      executionStatus: () => 'unknown',
      before: (_, name) => {
        if (name === 'StartExecution') throw new Error('not authorized');
      },
    });
    await it.reconcile();
    return it.world;
  },
  'another image, and a push that was lost': async () => {
    const it = await fixture();
    it.world.tasks.deploy('blue', IMAGES['v1.4.1'].digest, 4);
    await it.wait(1800);
    await it.reconcile();
    return it.world;
  },
  'trouble in the warm time': async () => {
    const it = await fixture({ lock: lockIn('warm', 100), minutes: 3, stableErrorRate: 0.03 });
    await it.wait(300);
    await it.ask('Judge', { release: { id: lockIn('warm').releaseId, fence: 8 }, error: { Error: 'States.Timeout' } });
    return it.world;
  },
  'an owner that runs and does not move': async () => {
    const watch = { fence: 8, ticks: 0, still: 14, told: [], at: NOW - 60 };
    const it = await fixture({ lock: lockIn('baking', 25, { owner: SOMEBODY_ELSE }), service: { watch } });
    await it.reconcile();
    return it.world;
  },
  'a dead owner': async () => {
    const it = await fixture({ lock: lockIn('baking', 25, { owner: SOMEBODY_ELSE }), executionStatus: ended });
    for (let look = 0; look < 5; look++) {
      await it.reconcile();
      await it.wait(60);
    }
    return it.world;
  },
};

/**
 * What a page may offer: verbs of ours as their own help writes them, and two commands of the AWS CLI, one of which says first
 * what it cannot keep.
 */
const TYPED = new RegExp(
  `^(sluice (status|doctor|rollback|promote|abort|hold|why r-[\\d-]+|start v[\\d.]+) --service ${SETTINGS.service}|(echo '.+'; )?aws elbv2 modify-rule .+|aws cloudtrail lookup-events .+)$`,
);

describe('every page is explained, and what it offers can be typed', () => {
  const seen = new Set<RegExp>();

  test.each(Object.entries(STORIES))('%s', async (_, story) => {
    const world = await story();
    const titles = titlesOf(world);
    expect(titles).not.toEqual([]);
    for (const command of world.notifications.flatMap(({ notification }) => notification.next))
      expect(command).toMatch(TYPED);
    // While users are split, or somebody must act, the command that needs none of us is at hand.
    for (const { notification } of world.notifications)
      if (['started', 'advanced', 'held', 'reverted', 'stuck'].includes(notification.kind))
        expect(notification.next.join('\n'), notification.title).toContain('aws elbv2 modify-rule ');
    for (const title of titles) {
      expect(title, 'whoever sends it says whose it is').not.toContain(world.ledger.state.service);
      const by = explained.filter((one) => one.test(title));
      expect(by, title).not.toEqual([]);
      for (const one of by) seen.add(one);
    }
  });

  test('and every explanation is of a page that can come', () => {
    expect(explained.filter((one) => !seen.has(one)).map(String)).toEqual([]);
  });
});
