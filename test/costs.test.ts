import type { Stack } from 'aws-cdk-lib';
import { expect, test } from 'vitest';
import { ofType, production, stacksOf, templateOf } from './infra/fixture.ts';
import { rehearsal } from './rehearsal/rehearsals.ts';
import { textOf } from './repository-files.ts';

const page = textOf('docs/costs.md');
const tableUnder = (heading: string): readonly (readonly string[])[] =>
  [
    ...page
      .split(`\n## ${heading}`)[1]!
      .split('\n## ')[0]!
      .matchAll(/^\| (.+) \|$/gm),
  ]
    .map(([, cells]) => cells!.split(' | '))
    .slice(1);
const dollars = (cell: string | undefined): number => Number(/[\d.]+/.exec(cell?.replace(/.*: /, '') ?? '')?.[0]);

test.each([['Production'], ['Trial']])(
  'the sum of %s is the sum of its rows, to the nearest ten dollars',
  (profile) => {
    const rows = tableUnder(profile).filter((cells) => !cells[0]!.startsWith('---'));
    const items = rows.filter((cells) => !cells[0]!.startsWith('**'));
    const sum = items.reduce((total, cells) => total + dollars(cells.at(-1)), 0);
    expect(items.length).toBeGreaterThan(3);
    expect(Math.round(sum / 10) * 10).toBe(dollars(rows.at(-1)!.at(-1)));
  },
);

test.each([
  ['healthy', 1],
  ['errors', 2],
] as const)('the state transitions of one release (%s) are those of a rehearsal', async (scenario, column) => {
  const { transitions } = await rehearsal(scenario, { points: 5 });
  const [row] = tableUnder('One release').filter(([what]) => what!.startsWith('state transitions'));
  expect(row![column]).toBe(`${transitions}: ${((transitions * 25) / 1_000_000).toFixed(3)}`);
});

test('the alarms of production are as many as the templates have', () => {
  const { app, releases } = stacksOf(production);
  const templates = [app.node.findChild('sluice-core') as Stack, ...releases].map(templateOf);
  const alarms = templates.flatMap((template) => ofType(template, 'AWS::CloudWatch::Alarm'));
  const metrics = alarms.flatMap(
    ({ Properties }) =>
      Properties.Metrics?.filter((one: { readonly MetricStat?: unknown }) => one.MetricStat) ?? [Properties.MetricName],
  );
  const composites = templates.flatMap((template) => ofType(template, 'AWS::CloudWatch::CompositeAlarm'));
  expect(page).toContain(`alarms: ${metrics.length} metrics in ${alarms.length} alarms`);
  expect(page).toContain(`${composites.length} composite | | 0.10 a metric, 0.50 a composite`);
  const dashboards = templates.flatMap((template) => ofType(template, 'AWS::CloudWatch::Dashboard'));
  expect(page).toContain(`| dashboard | ${dashboards.length} | 3.00 ◦7 | ${dashboards.length * 3} |`);
  const [row] = tableUnder('Production').filter(([what]) => what!.startsWith('alarms'));
  expect(dollars(row!.at(-1))).toBe(Math.round(metrics.length * 0.1 + composites.length * 0.5));
});

test('the page says where each marked price was read', () => {
  const marks = [...page.matchAll(/◦(\d)/g)].map(([, mark]) => Number(mark));
  const sources = [...page.matchAll(/^(\d)\. \S/gm)].map(([, number]) => Number(number));
  expect(marks.length).toBeGreaterThan(0);
  expect(marks.filter((mark) => !sources.includes(mark))).toEqual([]);
});
