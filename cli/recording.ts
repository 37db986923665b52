/** Recorded releases as `sluice replay` reads them: rows of a load balancer's numbers, or the record of a flight. */
import { type Baseline, latencyColumns, learn } from '../functions/core/judge/baseline.ts';
import type { Metric } from '../functions/core/judge/constants.ts';
import type { JudgedMinute } from '../functions/core/judge/judge.ts';
import {
  type Counts,
  countsOf,
  countsOfZones,
  eachLatencyCount,
  type GroupMinute,
} from '../functions/core/judge/readings.ts';
import type { ColourNames } from '../functions/core/judge/verdict.ts';
import { isShare, type Share } from '../functions/core/share.ts';

export interface Recording {
  readonly id: string;
  /** Whole minutes after its end at which a minute was known. */
  readonly deliveryDelayMinutes: number;
  readonly names: ColourNames;
  readonly baseline: Baseline;
  /** One after the other, without gaps. */
  readonly minutes: readonly RecordedMinute[];
  /** The thresholds behind `withinPercent` of the candidate's readings, milliseconds. */
  readonly gridMs: readonly number[];
}

export interface RecordedMinute extends JudgedMinute {
  readonly share: Share;
  /** The candidate as its alarms see it. */
  readonly reading: GroupMinute;
}

/** What is wrong with a recording, in words for whoever wrote it. */
export class BrokenRecording extends Error {
  override readonly name = 'BrokenRecording';
}

/** `text`: one JSON object, or an HTML report that carries its record. Throws BrokenRecording. */
export function readRecording(text: string): Recording {
  const recorded = objectFrom(parsed(isHtml(text) ? recordIn(text) : text), 'it');
  switch (recorded['schema']) {
    case undefined:
      return fromRows(recorded);
    case 'sluice.flight/1':
      return fromFlight(recorded);
    case 'sluice.rehearsal/1':
      throw new BrokenRecording('is the summary of a rehearsal, without its minutes; replay the file of its --report');
    default:
      throw new BrokenRecording(`schema ${JSON.stringify(recorded['schema'])} is none that can be replayed`);
  }
}

export const isHtml = (text: string): boolean => text.startsWith('<');

const RECORD_IN_REPORT = /<script\b[^>]*\btype="application\/json"[^>]*>([\s\S]*?)<\/script>/;

function recordIn(html: string): string {
  const [, record] = RECORD_IN_REPORT.exec(html) ?? [];
  if (record === undefined) throw new BrokenRecording('is a page that carries no record of a flight');
  return record;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new BrokenRecording(`is no JSON: ${(error as Error).message}`);
  }
}

/** What is assumed of a recording that does not say it. */
const ASSUMED_DELAY_MINUTES = 1;

// ---- Rows ----

/** No release watches longer than a day below 100 %; a larger number is a mistake. */
const MOST_MINUTES = 24 * 60;

function fromRows(recorded: Fields): Recording {
  const columns = listFrom(recorded['columns'], 'columns').map((column, index) =>
    textFrom(column, `columns[${index}]`),
  );
  if (!columns.includes('requests')) throw new BrokenRecording('columns lack "requests"');
  const read = rowReader(columns);
  const zonesOf = (minute: Fields, where: string) =>
    listFrom(minute['stableZones'], `${where}.stableZones`).map((row, zone) =>
      read(row, `${where}.stableZones[${zone}]`),
    );

  const gridMs = ranksOf(columns).map(({ ms }) => ms);
  const hour = listFrom(recorded['baseline'] ?? [], 'baseline').map((minute, index) =>
    zonesOf(objectFrom(minute, `baseline[${index}]`), `baseline[${index}]`),
  );
  const baseline = learn(hour, gridMs);
  const at = latencyColumns(baseline, gridMs);

  const minutes: RecordedMinute[] = [];
  const add = (index: number, share: Share, reading: GroupMinute, zones: readonly GroupMinute[]) => {
    const before = minutes.at(-1);
    minutes.push({
      index,
      share,
      stageAge: before?.share === share ? before.stageAge + 1 : 0,
      candidate: countsOf(reading, at),
      stable: countsOfZones(zones, at),
      tasks: { candidate: reading.healthyHosts ?? 1, stable: hostsOf(zones) ?? 1 },
      healthyCandidate: reading.healthyHosts,
      reading,
    });
  };
  for (const [position, value] of listFrom(recorded['minutes'], 'minutes').entries()) {
    const where = `minutes[${position}]`;
    const minute = objectFrom(value, where);
    const index = wholeFrom(minute['minute'], `${where}.minute`, MOST_MINUTES);
    const { share } = minute;
    if (!isShare(share)) throw new BrokenRecording(`${where}.share is no whole number from 0 to 100`);
    const before = minutes.at(-1);
    if (before && index <= before.index) {
      throw new BrokenRecording(`${where}.minute is ${index}, but ${before.index} came before it`);
    }
    // A minute that nobody wrote down is one without numbers, at the share before it.
    for (let missing = (before?.index ?? -1) + 1; missing < index; missing++) {
      add(missing, before?.share ?? share, NOT_DELIVERED, []);
    }
    add(index, share, read(minute['candidate'], `${where}.candidate`), zonesOf(minute, where));
  }
  return {
    id: textFrom(recorded['id'], 'id'),
    deliveryDelayMinutes: wholeFrom(
      recorded['deliveryDelayMinutes'] ?? ASSUMED_DELAY_MINUTES,
      'deliveryDelayMinutes',
      MOST_MINUTES,
    ),
    names: { candidate: 'candidate', stable: 'stable' },
    baseline,
    minutes,
    gridMs,
  };
}

const NOT_DELIVERED: GroupMinute = { withinPercent: [] };

const RANK = /^PR\(:(\d*\.?\d+)\)$/;
const CLASS = /^(?:HTTPCode_Target_|responses)([234])XX(?:_Count)?$/i;

/** Columns of "percent of responses within so many seconds", fastest first. */
const ranksOf = (columns: readonly string[]): readonly { readonly ms: number; readonly column: number }[] =>
  columns
    .flatMap((name, column) => {
      const seconds = RANK.exec(name)?.[1];
      return seconds === undefined ? [] : [{ ms: Math.round(Number(seconds) * 1000), column }];
    })
    .sort((one, other) => one.ms - other.ms);

/** A row of numbers in the order of `columns` as a reading; null is a number (or a row) that was not delivered. */
function rowReader(columns: readonly string[]): (row: unknown, where: string) => GroupMinute {
  const ranks = ranksOf(columns);
  const classes = columns.flatMap((name, column) => (CLASS.test(name) ? [column] : []));
  return (row, where) => {
    if (row === null) return NOT_DELIVERED;
    const numbers = listFrom(row, where).map((value, column) => amountFrom(value, `${where}[${column}]`));
    if (numbers.length !== columns.length) {
      throw new BrokenRecording(`${where} has ${numbers.length} numbers, and there are ${columns.length} columns`);
    }
    const at = (name: string) => numbers[columns.indexOf(name)];
    const seconds = at('p95');
    const answered = classes.reduce((sum, column) => sum + (numbers[column] ?? 0), at('errors5xx') ?? 0);
    return present({
      requests: at('requests'),
      errors5xx: at('errors5xx'),
      answered: classes.length > 0 ? answered : undefined,
      connectionErrors: at('connectionErrors'),
      withinPercent: ranks.map(({ column }) => numbers[column]),
      p95Ms: seconds === undefined ? undefined : seconds * 1000,
      healthyHosts: at('healthyHosts'),
      unhealthyHosts: at('unhealthyHosts'),
    });
  };
}

/** Leaves out what was not delivered. */
const present = (reading: { readonly [K in keyof GroupMinute]: GroupMinute[K] | undefined }): GroupMinute =>
  Object.fromEntries(Object.entries(reading).filter(([, value]) => value !== undefined)) as unknown as GroupMinute;

function hostsOf(zones: readonly GroupMinute[]): number | undefined {
  const delivered = zones.map(({ healthyHosts }) => healthyHosts).filter((hosts) => hosts !== undefined);
  return delivered.length > 0 ? delivered.reduce((sum, hosts) => sum + hosts, 0) : undefined;
}

// ---- Records of flights ----

/**
 * A flight keeps its minutes as the judge counted them, so they are judged again as they are. Its alarms' numbers are
 * not all in there: without the 95th percentile the policy `literal` can abort on errors, and otherwise holds.
 */
function fromFlight(recorded: Fields): Recording {
  if (recorded['release'] === undefined) throw new BrokenRecording('is a flight that opened no release');
  const release = objectFrom(recorded['release'], 'release');
  if (release['baseline'] === undefined) throw new BrokenRecording('is a flight of which no minute was judged');
  return {
    id: textFrom(release['id'], 'release.id'),
    deliveryDelayMinutes: ASSUMED_DELAY_MINUTES,
    names: {
      candidate: textFrom(release['candidate'], 'release.candidate'),
      stable: textFrom(release['stable'], 'release.stable'),
    },
    baseline: baselineFrom(objectFrom(release['baseline'], 'release.baseline')),
    minutes: listFrom(release['minutes'], 'release.minutes').map((minute, position) =>
      flownMinute(objectFrom(minute, `release.minutes[${position}]`), `release.minutes[${position}]`),
    ),
    gridMs: [],
  };
}

function flownMinute(minute: Fields, where: string): RecordedMinute {
  const { share } = minute;
  if (!isShare(share)) throw new BrokenRecording(`${where}.share is no whole number from 0 to 100`);
  const tasks = objectFrom(minute['tasks'], `${where}.tasks`);
  const candidate = countsFrom(minute['candidate'], `${where}.candidate`);
  const healthyCandidate = amountFrom(minute['healthyCandidate'] ?? null, `${where}.healthyCandidate`);
  return {
    index: wholeFrom(minute['index'], `${where}.index`, Number.MAX_SAFE_INTEGER),
    stageAge: wholeFrom(minute['stageAge'], `${where}.stageAge`, Number.MAX_SAFE_INTEGER),
    share,
    candidate,
    stable: countsFrom(minute['stable'], `${where}.stable`),
    tasks: {
      candidate: numberFrom(tasks['candidate'], `${where}.tasks.candidate`),
      stable: numberFrom(tasks['stable'], `${where}.tasks.stable`),
    },
    healthyCandidate,
    reading: present({
      requests: candidate?.requests,
      errors5xx: candidate?.failures,
      withinPercent: [],
      healthyHosts: healthyCandidate,
    }),
  };
}

function countsFrom(value: unknown, where: string): Counts | undefined {
  if (value === undefined) return undefined;
  const counts = objectFrom(value, where);
  return {
    requests: numberFrom(counts['requests'], `${where}.requests`),
    failures: numberFrom(counts['failures'], `${where}.failures`),
    ...eachLatencyCount((count) => amountFrom(counts[count] ?? null, `${where}.${count}`)),
  };
}

function baselineFrom(baseline: Fields): Baseline {
  const number = (name: string) => numberFrom(baseline[name], `release.baseline.${name}`);
  const ofMetrics = (name: string) => {
    const numbers = objectFrom(baseline[name], `release.baseline.${name}`);
    const of = (metric: Metric) => numberFrom(numbers[metric], `release.baseline.${name}.${metric}`);
    return { errors: of('errors'), slow: of('slow'), verySlow: of('verySlow') };
  };
  return {
    slowMs: number('slowMs'),
    verySlowMs: number('verySlowMs'),
    burst: ofMetrics('burst'),
    spread: ofMetrics('spread'),
    requests: number('requests'),
    failures: number('failures'),
    minutes: number('minutes'),
    learned: baseline['learned'] === true,
  };
}

// ---- Reading what somebody else wrote ----

type Fields = Readonly<Record<string, unknown>>;

function objectFrom(value: unknown, where: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BrokenRecording(`${where} is no object`);
}

function listFrom(value: unknown, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new BrokenRecording(`${where} is no list`);
}

function textFrom(value: unknown, where: string): string {
  if (typeof value === 'string') return value;
  throw new BrokenRecording(`${where} is no text`);
}

function wholeFrom(value: unknown, where: string, most: number): number {
  if (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= most) return value as number;
  throw new BrokenRecording(`${where} is no whole number from 0 to ${most}`);
}

function numberFrom(value: unknown, where: string): number {
  const amount = amountFrom(value ?? null, where);
  if (amount === undefined) throw new BrokenRecording(`${where} is no number from 0 up`);
  return amount;
}

/** A number from 0 up, or undefined for null. */
function amountFrom(value: unknown, where: string): number | undefined {
  if (value === null) return undefined;
  if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
  throw new BrokenRecording(`${where} is neither null nor a number from 0 up`);
}
