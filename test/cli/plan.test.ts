import { describe, expect, test } from 'vitest';
import { rollback } from '../../cli/rollback.ts';
import { start } from '../../cli/start.ts';
import { parseReleaseInput } from '../../functions/core/release.ts';
import { shell, sluice } from './bin.ts';
import { deployed } from './deployed.ts';

const repository = { registry: '111111111111.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' };

async function planned(...words: readonly string[]) {
  const { code, stdout, stderr } = await sluice(['plan', ...words, '--json']);
  expect(stderr).toBe('');
  return { code, plan: JSON.parse(stdout) };
}

describe('what a release would do', () => {
  test('is told in a table, and nothing is changed', async () => {
    const { code, stdout } = await sluice(['plan', '--rps', '10', '--image', 'v1.2.3']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Nothing is changed by this command\.\n/);
    expect(stdout).toMatch(/^ +5 % +15 min +450 +[\d.]+ points +\d+ %$/m);
    expect(stdout).toMatch(/\nStart it: sluice start v1\.2\.3 --service NAME\n$/);
  });

  test('in JSON shares are whole, rates are 0 to 1, and 100 % has no bake', async () => {
    const { plan } = await planned('--rps', '100');
    expect(plan).toMatchObject({ schema: 'sluice.plan/1', strategy: 'canary', policy: 'compare', warnings: [] });
    expect(plan.stages.map(({ share, bakeSeconds }: Record<string, number>) => [share, bakeSeconds])).toEqual([
      [5, 900],
      [25, 900],
      [50, 900],
      [100, 0],
    ]);
    for (const { proven } of plan.stages.slice(0, -1)) expect(proven).toBeGreaterThan(0.9);
  });

  test('flags make stages of their own', async () => {
    const stages = async (...words: readonly string[]) => (await planned(...words)).plan.request.stages;
    expect(await stages('--stages', '10,50,100', '--bake', '20m')).toEqual([
      { share: 10, bake: 1200 },
      { share: 50, bake: 1200 },
      { share: 100 },
    ]);
    expect(await stages('--strategy', 'blue-green', '--first-bake', '10m')).toEqual([
      { share: 10, bake: 600 },
      { share: 50, bake: 300 },
      { share: 100 },
    ]);
    expect(await stages('--first-share', '25')).toEqual([
      { share: 25, bake: 900 },
      { share: 50, bake: 900 },
      { share: 100 },
    ]);
  });

  test.each([
    ['--image', 'v1.2.3', '--first-share', '20', '--bake', '30m', '--warm-minutes', '5', '--rps', '50'],
    ['--image', 'v1.2.3', '--strategy', 'blue-green', '--hotfix', "it's down", '--force', '--plain'],
    ['--input', '{"image":"v1.2.3","stages":[{"share":30,"bake":600},{"share":100}]}'],
    ['--input', '{"action":"rollback","to":"v1.2.2","reason":"it is slow","acceptSchema":true}'],
  ])('the command that it prints, typed to a controller, asks for just this: %s', async (...words) => {
    const { stdout } = await sluice(['plan', ...words], { SLUICE_SERVICE: 'shop' });
    const [, command = ''] = /\nStart it: sluice (.+) --service shop\n$/.exec(stdout) ?? [];
    const [verb, ...typed] = shell(`printf '%s\\n' ${command}`).stdout.trimEnd().split('\n');
    const it = await deployed();
    for (const [image, digit] of [
      ['v1.2.3', '3'],
      ['v1.2.2', '2'],
    ] as const)
      it.world.push(image, { digest: `sha256:${digit.repeat(64)}`, pushedAt: it.clock.now() });
    const { out } = await it.type(verb === 'rollback' ? rollback : start, ...typed, '--json');
    const { request } = (await planned(...words)).plan;
    expect(parseReleaseInput(JSON.parse(out).input, { repository })).toEqual({ ok: true, request });
  });
});

describe('warnings', () => {
  test('a blind stage is told with its cure, and --strict makes that a failure', async () => {
    const { code, stdout } = await sluice(['plan', '--rps', '1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/WARNING {2}at 1 request\/s the 5 % stage sees 45 requests/);
    expect(stdout).toMatch(/fix {4}--first-share 25 +225 requests at 25 %/);
    expect((await sluice(['plan', '--rps', '1', '--strict'])).code).toBe(1);
    expect((await sluice(['plan', '--rps', '100', '--strict'])).code).toBe(0);
  });

  test('the cures, followed, leave no warning', async () => {
    const { plan } = await planned('--rps', '1', '--first-share', '25', '--bake', '20m');
    expect(plan.warnings).toEqual([]);
  });

  test('the literal policy is told with its price', async () => {
    const { plan } = await planned('--rps', '100', '--policy', 'literal');
    expect(plan.warnings[0].message).toContain('44 to 100 %');
  });
});

describe('wrong input is refused exactly as Open refuses it', () => {
  test.each(['{}', '{"image":"latest"}', '{"imagen":"v1"}', '[]', '{"action":"rollback","image":"v1.2.3"}'])(
    '%s',
    async (text) => {
      const { code, plan } = await planned('--input', text);
      const refused = parseReleaseInput(JSON.parse(text), { repository });
      expect(code).toBe(2);
      expect(refused.ok).toBe(false);
      expect(plan.error.fields).toEqual('fields' in refused && refused.fields);
    },
  );

  test('under the names of the flags, everything at once', async () => {
    const words = [
      '--image',
      'latest',
      '--strategy',
      'canari',
      '--stages',
      '5,25,20',
      '--bake',
      '90',
      '--warm-minutes',
      'x',
    ];
    const { code, plan } = await planned(...words);
    expect(code).toBe(2);
    const told = plan.error.fields.map(({ field, message }: Record<string, string>) => `${field} ${message}`);
    expect(told).toEqual([
      '--bake "90" has no unit',
      expect.stringMatching(/^--image "latest" starts nothing/),
      '--strategy "canari" is not known',
      '--stages does not end with 100',
      '--stages 20 comes after 25',
      '--warm-minutes "x" is not a whole number',
    ]);
  });

  test('a bake that is wrong for every stage is told once', async () => {
    const { plan } = await planned('--bake', '5s');
    expect(plan.error.fields).toEqual([
      { field: '--bake', message: '5 is too short to judge one minute', fix: 'write a time from 60s to 18h' },
    ]);
  });

  test('a plan that does not fit into one execution', async () => {
    const { code, plan } = await planned('--bake', '6h');
    expect(code).toBe(2);
    expect(plan.error.fields[0].field).toBe('--bake');
    expect(plan.error.fields[0].message).toContain('one execution can hold');
  });

  test('--input says all of the request, so no flag may say another part', async () => {
    const { code, plan } = await planned('--input', '{"image":"v1.2.3"}', '--policy', 'literal');
    expect(code).toBe(2);
    expect(plan.error.fields).toEqual([
      { field: '--policy', message: '--input says all of the request', fix: 'write it there' },
    ]);
  });
});
