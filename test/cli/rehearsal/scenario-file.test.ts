import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { sluice } from '../bin.ts';

const EXAMPLES = fileURLToPath(new URL('../../../examples/scenarios', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'sluice-scenarios-'));
afterAll(() => rmSync(folder, { recursive: true }));

let written = 0;
function fileWith(content: unknown): string {
  const path = join(folder, `scenario-${written++}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

const SHORT = {
  about: 'two quick stages',
  options: { rps: 20, 'warm-minutes': 3 },
  input: { image: 'v1.5.0', stages: [{ share: 25, bake: 180 }, { share: 100 }], warmMinutes: 3 },
  expected: { outcome: 'promoted' },
} as const;

describe('the examples', () => {
  test.each(readdirSync(EXAMPLES))('%s ends as it is written, with every promise kept', async (name) => {
    const path = join(EXAMPLES, name);
    const { expected } = JSON.parse(readFileSync(path, 'utf8')) as { readonly expected: unknown };
    const { code, stdout } = await sluice(['rehearse', path, '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ scenario: path, expected, asExpected: true, violations: [] });
    expect(code).toBe(0);
  });
});

describe('sluice rehearse FILE.json', () => {
  test('tells what it is about, and people’s words act when the file says so', async () => {
    const path = fileWith({ ...SHORT, events: [{ when: { share: 25 }, afterSeconds: 30, say: 'advance' }] });
    const { code, stderr } = await sluice(['rehearse', path]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Rehearsing conductores-backend: two quick stages\n/);
    expect(stderr).toMatch(/ 25 % {2}advance +an operator ended this bake/);
  });

  test('options of the file count, and those of the command line win', async () => {
    const path = fileWith({ ...SHORT, options: { ...SHORT.options, seed: 7 } });
    const seedOf = async (...more: readonly string[]): Promise<unknown> =>
      (JSON.parse((await sluice(['rehearse', path, '--json', ...more])).stdout) as { readonly seed: number }).seed;
    expect(await seedOf()).toBe(7);
    expect(await seedOf('--seed', '8')).toBe(8);
  });

  test('an end that is not the written one is exit code 1', async () => {
    const path = fileWith({ ...SHORT, expected: { outcome: 'reverted', share: 25 } });
    const { code, stdout } = await sluice(['rehearse', path]);
    expect(code).toBe(1);
    expect(stdout).toContain('PROMOTED, but this scenario expects reverted at 25 %.');
  });
});

describe('a file that is invalid is refused before anything is rehearsed: where, what, and the cure', () => {
  const say = (word: unknown) => ({ ...SHORT, events: [{ when: { share: 25 }, say: word }] });

  test.each<[string, unknown, string]>([
    ['no JSON', '{"about": ', 'is no JSON'],
    ['no object', '[]', 'a list is no scenario: write {"about": "...", '],
    ['nothing said of the end', { about: 'x' }, ': expected +is missing'],
    ['a field misspelt', { ...SHORT, event: [] }, ': event +is no field; did you mean "events"\\?'],
    [
      'an unknown scenario',
      { ...SHORT, scenario: 'eror' },
      ': scenario +"eror" is not known; did you mean "errors"\\?',
    ],
    [
      'an unknown end',
      { ...SHORT, expected: { outcome: 'fine' } },
      ': expected.outcome +"fine" is not known; write one',
    ],
    ['an unknown word', say('hodl'), ': events.0.say +"hodl" is not known; did you mean "hold"\\?'],
    [
      'an event without an act',
      { ...SHORT, events: [{ when: { share: 5 } }] },
      ': events.0 +an object is no event: write',
    ],
    [
      'an impossible moment',
      { ...SHORT, events: [{ when: { share: 250 }, say: 'hold' }] },
      ': events.0.when.share +250 is above 100',
    ],
    ['an unknown option', { ...SHORT, options: { sede: 7 } }, ': --sede +is no option; did you mean --seed\\?'],
    ['an option that is not of the rehearsal', { ...SHORT, options: { report: 'x' } }, ': --report +is no option'],
    ['an impossible value', { ...SHORT, options: { rps: -1 } }, ': --rps +"-1" is no number from 0.1 to 10000'],
    ['a list as an option', { ...SHORT, options: { rps: [1] } }, ': options.rps +a list is neither text nor a number'],
  ])('%s', async (_, content, told) => {
    const path = fileWith(content);
    const { code, stdout, stderr } = await sluice(['rehearse', path]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/^Nothing was rehearsed: 1 field is wrong\.\n/);
    expect(stderr).toContain(path);
    expect(stderr).toMatch(new RegExp(told));
  });

  test('a file that is not there', async () => {
    const { code, stderr } = await sluice(['rehearse', join(folder, 'nothing.json')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/nothing\.json +ENOENT: no such file/);
  });

  test('all that is wrong is told at once', async () => {
    const { stderr } = await sluice(['rehearse', fileWith({ ...say('hodl'), scenario: 'eror', more: 1 })]);
    expect(stderr).toMatch(/^Nothing was rehearsed: 3 fields are wrong\.\n/);
  });
});
