/** The tables that operators read, in docs/judge.md and README.md, say what the measured ones of appendix D say. */
import { expect, test } from 'vitest';
import type { DetectorName } from '../../bench/detection/detectors.ts';
import {
  SCENARIOS,
  type ScenarioName,
  WARM_SCENARIOS,
  type WarmScenarioName,
} from '../../bench/detection/scenarios.ts';
import { textOf } from '../repository-files.ts';

const PAGE = textOf('docs/judge.md');
const README = textOf('README.md');

const cellsOf = (row: string): readonly string[] =>
  row
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
const rowsBelow = (text: string, heading: string): readonly (readonly string[])[] => {
  const from = text.slice(text.indexOf(heading) + heading.length).split('\n');
  const first = from.findIndex((line) => line.startsWith('|'));
  const after = from.findIndex((line, index) => index > first && !line.startsWith('|'));
  return from.slice(first, after).map(cellsOf);
};

/** Appendix D: for each traffic, scenario and detector the cell as it is printed by the bench. */
const measured = ['1 request', '10 requests', '100 requests', '1,000 requests'].map((traffic) => {
  const [[, ...detectors] = [], , ...rows] = rowsBelow(PAGE, `#### ${traffic} a second`);
  return new Map(
    rows.map(([scenario, ...cells]) => [
      scenario,
      new Map(detectors.map((name, column) => [name.replaceAll('`', ''), cells[column]!])),
    ]),
  );
});
const cells = (scenario: ScenarioName, detector: DetectorName): readonly string[] =>
  measured.map((table) => table.get(scenario)!.get(detector)!);

/** Appendix D3: bake and warm time together, the cells of a scenario at each traffic. */
const at100 = {
  compare: rowsBelow(PAGE, '#### `compare`: the judge through bake and warm time'),
  literal: rowsBelow(PAGE, '#### `literal` at 100 % alone'),
} as const;
const cellsAt100 = (scenario: WarmScenarioName, policy: keyof typeof at100): readonly string[] =>
  at100[policy].find(([name]) => name === scenario)!.slice(1);

/** As an operator is told: from 'missed, % / median / 95th percentile / bad responses'. */
const toldMinute = (cell: string): string => {
  const [missed = Number.NaN, median] = cell.split(' / ').map(Number);
  if (missed >= 80) return `missed (${missed} %)`;
  return missed >= 1 ? `minute ${median}, missed ${Math.round(missed)} %` : `minute ${median}`;
};
const bare = (text: string): string => text.replaceAll('minute ', '');

test('every scenario of the bench stands in all four tables of the appendix', () => {
  for (const table of measured) expect([...table.keys()]).toEqual(SCENARIOS.map(({ name }) => name));
});

test('every scenario of the warm time stands in both tables of appendix D3', () => {
  for (const [, , ...rows] of Object.values(at100)) {
    expect(rows.map(([name]) => name)).toEqual(WARM_SCENARIOS.map(({ name }) => name));
  }
});

test('bake and warm time together roll back at most 1 % of healthy releases, usual and rough', () => {
  for (const name of ['healthy@100', 'rough@100'] as const) {
    for (const cell of cellsAt100(name, 'compare')) expect(Number.parseFloat(cell)).toBeLessThanOrEqual(1);
  }
});

test('what is found at 100 %', () => {
  const [, , ...rows] = rowsBelow(PAGE, '\n## At 100 %');
  const told = (name: WarmScenarioName) => cellsAt100(name, 'compare').map(toldMinute);
  expect(rows.map(([, ...cells]) => cells)).toEqual([
    cellsAt100('healthy@100', 'compare'),
    cellsAt100('rough@100', 'compare'),
    told('err+2@100'),
    told('err+5@100'),
    told('lat-x2@100'),
    told('dead@100'),
    cellsAt100('healthy@100', 'literal'),
  ]);
});

test('what it finds, and what it misses', () => {
  const [, , ...rows] = rowsBelow(PAGE, '## What it finds, and what it misses');
  const scenarios: readonly (readonly [ScenarioName, DetectorName])[] = [
    ['crash', 'compare'],
    ['crash', 'compare-odds'],
    ...(
      'err+20 err+5 err+2 err+1 err+0.5 lat-x2 lat-x1.3 tail-4%x2s leak@20 flap-8% err+2@outage'.split(
        ' ',
      ) as ScenarioName[]
    ).map((scenario) => [scenario, 'compare'] as const),
  ];
  expect(rows.map(([, ...told]) => told)).toEqual(
    scenarios.map(([scenario, detector]) => cells(scenario, detector).map(toldMinute)),
  );
});

test('how often a release is rolled back although the new version is no worse', () => {
  const [, , ...rows] = rowsBelow(PAGE, 'how often a release is rolled back although');
  const scenarios = ['healthy', 'healthy-rough', 'shared-outage', 'slow-warmup'] as const;
  expect(rows.map(([, ...told]) => told)).toEqual(scenarios.map((scenario) => cells(scenario, 'compare')));
});

test('what `literal` costs a healthy release', () => {
  const [, , compare, literal] = rowsBelow(PAGE, '## When `literal` is right');
  expect(compare).toEqual(['`compare`', ...cells('healthy', 'compare')]);
  expect(literal).toEqual(['`literal`', ...cells('healthy', 'literal')]);
});

const rates = (texts: readonly string[]): string => `${texts.map((text) => Number.parseFloat(text)).join(' / ')} %`;

test.each(['compare', 'literal'] as const)('the table of the README, column `%s`', (policy) => {
  const column = policy === 'compare' ? 1 : 2;
  const row = (beginning: string) =>
    rowsBelow(README, 'What each costs').find(([what]) => what?.startsWith(beginning))![column];
  const minutes = (scenario: ScenarioName) => cells(scenario, policy).map(toldMinute).map(bare).join(' / ');
  expect(row('healthy releases rolled back')).toBe(rates(cells('healthy', policy)));
  expect(row('... in an outage of both')).toBe(rates(cells('shared-outage', policy)));
  expect(row('2 points more errors: found')).toBe(minutes('err+2'));
  expect(row('twice as slow')).toBe(minutes('lat-x2'));
  const minutesAt100 = (name: WarmScenarioName) => cellsAt100(name, policy).map(toldMinute).map(bare).join(' / ');
  expect(row('healthy, bake and warm hour')).toBe(rates(cellsAt100('healthy@100', policy)));
  expect(row('... in a rough world')).toBe(rates(cellsAt100('rough@100', policy)));
  expect(row('2 points more errors from 100 %')).toBe(minutesAt100('err+2@100'));
  expect(row('twice as slow from 100 %')).toBe(minutesAt100('lat-x2@100'));
});
