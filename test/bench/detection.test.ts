import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { DETECTORS, type DetectorName } from '../../bench/detection/detectors.ts';
import { isHigh } from '../../bench/detection/kayenta.ts';
import { cellsOf } from '../../bench/detection/pool.ts';
import { SCENARIOS, type ScenarioName } from '../../bench/detection/scenarios.ts';
import { wilson } from '../../bench/detection/tally.ts';
import { STRETCH, WITHOUT } from '../../bench/detection/variants.ts';
import { simulate, WATCHED_MINUTES } from '../../bench/detection/world.ts';
import { benchJudge } from '../../bench/judge.ts';

const scenario = (wanted: ScenarioName) => SCENARIOS.find(({ name }) => name === wanted)!;
const sum = (values: readonly number[]) => values.reduce((all, value) => all + value, 0);

const cells = (
  scenarios: readonly ScenarioName[],
  detectors: readonly DetectorName[],
  rest: Partial<Parameters<typeof cellsOf>[0]> = {},
) => cellsOf({ scenarios, detectors, rps: [100], runs: 20, seed: 42, workers: 2, ...rest });

describe('the world', () => {
  test('the same seed and run give the same release, another run another one', () => {
    const release = (run: number) => simulate(scenario('healthy'), 100, 42, run);
    expect(release(3)).toEqual(release(3));
    expect(release(4)).not.toEqual(release(3));
  });

  test('the candidate gets its share of the requests', () => {
    const { minutes } = simulate(scenario('healthy'), 1000, 42, 1);
    expect(minutes).toHaveLength(60);
    for (const { share, candidate, stable } of minutes) {
      const mine = candidate.requests ?? 0;
      expect(Math.abs(mine / (mine + (stable.requests ?? 0)) - share / 100)).toBeLessThan(0.01);
    }
  });

  test('without noise both colours fail one request in a thousand and are slow beyond 215 ms for one in twenty', () => {
    const releases = Array.from({ length: 20 }, (_, run) => simulate(scenario('ideal'), 1000, 42, run));
    for (const colour of ['candidate', 'stable'] as const) {
      const readings = releases.flatMap(({ minutes }) => minutes.map((minute) => minute[colour]));
      const requests = sum(readings.map((reading) => reading.requests ?? 0));
      expect(sum(readings.map(({ errors5xx = 0 }) => errors5xx)) / requests / 0.001).toBeCloseTo(1, 1);
      const busy = readings.filter((reading) => (reading.requests ?? 0) > 10_000);
      for (const { p95Ms } of busy) expect(Math.abs(p95Ms! - 215)).toBeLessThan(12);
    }
  });

  test('a fault of two points adds two points, and says what it cost users', () => {
    const { minutes } = simulate(scenario('err+2'), 1000, 42, 1);
    const requests = sum(minutes.map(({ candidate }) => candidate.requests ?? 0));
    const failures = sum(minutes.map(({ candidate }) => candidate.errors5xx ?? 0));
    expect(sum(minutes.map(({ bad }) => bad))).toBeCloseTo(0.02 * requests, 6);
    expect(failures / requests).toBeGreaterThan(0.02);
    expect(failures / requests).toBeLessThan(0.03);
  });

  test('an outage is one of both colours', () => {
    const { minutes } = simulate(scenario('shared-outage'), 100, 42, 1);
    const rate = (reading: (typeof minutes)[number]['stable']) => (reading.errors5xx ?? 0) / (reading.requests ?? 1);
    const out = minutes.filter(({ stable }) => rate(stable) > 0.03);
    expect(out.length).toBeGreaterThanOrEqual(8);
    expect(out.length).toBeLessThanOrEqual(12);
    expect(sum(out.map(({ candidate }) => rate(candidate))) / out.length).toBeGreaterThan(0.03);
  });
});

describe('the detectors', () => {
  test('a crash is found by everybody, by the hard rules within its minute', async () => {
    const found = await cells(['crash'], ['compare', 'compare-odds', 'control', 'literal', 'kayenta-stage', 'msprt']);
    expect(found.map(({ missed }) => missed)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(found.map(({ medianMinutes }) => medianMinutes)).toEqual([1, 2, 3, 2, 16, 2]);
  });

  test('where chance is the only noise, the sequential tests keep their promise', async () => {
    const quiet = await cells(['ideal'], ['compare', 'control', 'msprt', 'lindon-malek'], { runs: 300 });
    for (const { falseAborts, detector } of quiet) expect(falseAborts, detector).toBeLessThanOrEqual(0.02);
  });

  test('in an ordinary world ours keeps it, and `literal` sends healthy releases back', async () => {
    const [ours, literal] = await cells(['healthy'], ['compare', 'literal'], { runs: 100 });
    expect(ours!.falseAborts).toBeLessThanOrEqual(0.02);
    expect(ours!.proven).toEqual([1, 1, 1]);
    expect(literal!.falseAborts).toBeGreaterThan(0.9);
  });

  test('the first table ends below 100 % for both policies', () => {
    const quiet = Array.from({ length: 200 }, (_, run) => simulate(scenario('ideal'), 1, 42, run));
    for (const name of ['literal', 'compare'] as const) {
      const minutes = quiet.flatMap((release) => DETECTORS[name](release).abort?.minute ?? []);
      expect(Math.max(0, ...minutes)).toBeLessThan(WATCHED_MINUTES);
    }
  });

  test('what aborts before a fault has begun is a false abort, and finds nothing', async () => {
    const [literal] = await cells(['leak@20'], ['literal'], { rps: [1000] });
    expect(literal!.falseAborts).toBe(1);
    expect(literal).not.toHaveProperty('medianMinutes');
  });

  test('a rank test sees a shift of all minutes, and not two bad ones', () => {
    const usual = Array.from({ length: 15 }, (_, minute) => 10 + (minute % 5));
    const shifted = usual.map((value) => value * 1.5);
    expect(isHigh(usual, usual)).toBe(false);
    expect(isHigh(shifted, usual)).toBe(true);
    expect(isHigh([...usual.slice(2), 500, 500], usual)).toBe(false);
    expect(isHigh([], usual)).toBe(false);
  });
});

describe('the numbers', () => {
  test('they do not depend on the threads', async () => {
    const wanted = [
      ['healthy-rough', 'err+2'],
      ['compare', 'kayenta-stage'],
    ] as const;
    const runs = 250;
    expect(await cells(...wanted, { runs, workers: 1 })).toEqual(await cells(...wanted, { runs, workers: 3 }));
  });

  test('an interval has a width where nothing was counted, and holds the rate', () => {
    expect(wilson(0, 2000)[0]).toBe(0);
    expect(wilson(0, 2000)[1]).toBeCloseTo(0.0019, 4);
    const [low, high] = wilson(10, 100);
    expect([low < 0.1, high > 0.1]).toEqual([true, true]);
  });

  test('a judge without a limit finds nothing: other constants are other judges', async () => {
    const constants = { ODDS_LIMIT: Number.POSITIVE_INFINITY, GATE_DEVIATIONS: Number.POSITIVE_INFINITY };
    const [blind] = await cells(['err+20'], ['compare-odds'], { constants });
    expect(blind!.missed).toBe(1);
    await expect(cells(['err+20'], ['compare-odds'], { constants: { NO_LIMIT: 1 } })).rejects.toThrow(/no constant/);
  });

  test('every variant changes constants that there are', async () => {
    for (const { constants, name } of [...WITHOUT, ...STRETCH]) {
      const [cell] = await cells(['crash'], ['compare-odds'], { constants, runs: 2 });
      expect(cell?.runs, name).toBe(2);
    }
  });

  test('the command prints one object, and refuses what it does not know', () => {
    const bench = (...words: readonly string[]) =>
      spawnSync(process.execPath, ['--import', 'tsx', 'bench/detection.ts', ...words], {
        cwd: fileURLToPath(new URL('../../', import.meta.url)),
        encoding: 'utf8',
      });
    const { stdout } = bench('--runs', '3', '--rps', '10', '--scenarios', 'crash', '--detectors', 'compare', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 'sluice.bench/1',
      seed: 42,
      cells: [{ detector: 'compare', scenario: 'crash', rps: 10, runs: 3, missed: 0, medianMinutes: 1 }],
    });
    expect(bench('--rps', '11')).toMatchObject({
      status: 2,
      stderr: '--rps "11" is none; write some of 1,3,10,30,100,300,1000\n',
    });
  });

  test('the timed judge judges as many minutes as it was asked, and some releases go back', () => {
    const { minutes, aborts, value, p95 } = benchJudge(2_000);
    expect(minutes).toBeGreaterThanOrEqual(20_000);
    expect(aborts).toBeGreaterThan(0);
    expect(p95).toBeGreaterThanOrEqual(value);
  });
});
