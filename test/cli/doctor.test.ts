/** What `sluice doctor` finds in a world that is wrong in one way, and that it changes nothing. */
import { describe, expect, test } from 'vitest';
import { doctor } from '../../cli/doctor.ts';
import { start } from '../../cli/start.ts';
import { Stuck } from '../../functions/core/failures.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import type { ScenarioName } from '../../rehearsal/scenarios.ts';
import { type Deployed, deployed } from './deployed.ts';

const alone: Partial<RehearsalOptions> = { withReconciler: false };

async function findings(it: Deployed): Promise<Readonly<Record<string, string>>> {
  const before = it.world.writes.length;
  const { code, out } = await it.type(doctor, '--json');
  expect(it.world.writes.length).toBe(before);
  const { checks } = JSON.parse(out) as {
    checks: readonly { name: string; findings: readonly { what: string; cure: string }[] }[];
  };
  const found = checks.filter(({ findings: all }) => all.length > 0);
  expect(code).toBe(found.length > 0 ? 1 : 0);
  return Object.fromEntries(
    found.map(({ name, findings: all }) => [name, all.map(({ what, cure }) => `${what}; ${cure}`).join('\n')]),
  );
}

test('a service that is well is well, also one that was never released', async () => {
  for (const name of ['healthy', 'first-release'] as const) {
    const it = await deployed({}, name);
    expect(await findings(it)).toEqual({});
    expect((await it.type(doctor)).out).toMatch(/^All is well\. .*the right to change the rule/m);
  }
});

const SICK: Readonly<
  Record<string, { name?: ScenarioName; make: (it: Deployed) => void | Promise<void>; check: string; says: RegExp }>
> = {
  'weights that nobody released': {
    make: ({ world }) => void Object.assign(world.balancer.weights, { blue: 60, green: 40 }),
    check: 'the rule',
    says: /it sends 40 % to green, and the ledger says 0 %; wait two minutes/,
  },
  'users on a dead colour': {
    make: async (it) => {
      it.world.tasks.resize('blue', 0);
      await it.wait(30);
    },
    check: 'the tasks with users',
    says: /blue has 100 % of the requests and no healthy target; force-stable to green/,
  },
  'an image that nobody released': {
    make: async (it) => {
      it.world.tasks.deploy('blue', `sha256:${'9'.repeat(64)}`, 2);
      await it.wait(300);
    },
    check: 'the image of stable',
    says: /blue runs sha256:9+, and v1\.4\.2 \(sha256:\w+\) was released there; somebody deployed without Sluice/,
  },
  'scaling that rests': {
    make: ({ world }) => world.tasks.suspend('blue', 'in'),
    check: 'scaling',
    says: /of blue rests, and nothing is being released; wait two minutes/,
  },
  'an idle colour with tasks': {
    make: ({ world }) => world.tasks.alreadyUp('green', `sha256:${'1'.repeat(64)}`, 3),
    check: 'scaling',
    says: /green has no users and runs 3 tasks; set its desired count to 0/,
  },
  'a push whose event was lost': {
    make: async (it) => {
      it.world.push('v1.6.0', { digest: `sha256:${'7'.repeat(64)}`, pushedAt: it.clock.now() });
      await it.wait(1200);
    },
    check: 'pushes',
    says: /v1\.6\.0 was pushed 20 min ago and never started; its event was lost: sluice start v1\.6\.0/,
  },
  'a stable that fails its users': {
    name: 'stable-unhealthy',
    make: (it) => it.wait(600),
    check: 'the version to roll back to',
    says: /blue failed [\d,]+ of [\d,]+ requests .*; fix it first/,
  },
};

describe('each sickness is found, with its cure', () => {
  test.each(Object.entries(SICK))('%s', async (_, { name, make, check, says }) => {
    const it = await deployed(alone, name);
    await make(it);
    const found = await findings(it);
    expect(found[check]).toMatch(says);
  });

  test('a release whose controller is dead', async () => {
    const it = await deployed(alone);
    await it.type(start, 'v1.5.0');
    await it.until(() => it.world.ledger.state.lock?.share === 5);
    it.plane.executions[0]!.execution.stop('ABORTED');
    await it.wait(5);
    expect(await findings(it)).toEqual({
      'the release that runs': expect.stringMatching(/holds the lock, and its execution has ended; wait two minutes/),
    });
    expect((await it.type(doctor)).out).toMatch(/^WRONG {2}the release that runs: .*\n {7}fix: wait two minutes/m);
  });

  test('a release that waits for an operator', async () => {
    const it = await deployed({ ...alone, requestsPerSecond: 0.2 });
    await it.type(start, '--input', '{"image":"v1.5.0","stages":[{"share":25,"bake":180},{"share":100}]}');
    await it.until(() => it.world.ledger.state.lock?.askedAt !== undefined);
    expect((await findings(it))['the release that runs']).toMatch(/waits for an operator at 25 %; sluice why, then/);
  });

  test('a right that is missing: what cannot be looked at is told, and the rest is looked at all the same', async () => {
    const before = (call: string) => {
      if (call === 'DescribeAlarms') throw new Stuck('DescribeAlarms: the right cloudwatch:DescribeAlarms is missing');
    };
    const found = await findings(await deployed(alone, 'healthy', { before }));
    expect(Object.keys(found)).toEqual(['the version to roll back to']);
    expect(found['the version to roll back to']).toMatch(
      /could not be read: .*DescribeAlarms is missing; give this right/,
    );
  });

  test('a ledger that cannot be read: it cannot tell', async () => {
    const before = () => {
      throw new Stuck('GetItem: ResourceNotFound, no such table');
    };
    const it = await deployed(alone, 'healthy', { before });
    expect((await it.type(doctor)).code).toBe(4);
  });
});
