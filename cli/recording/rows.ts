/** Rows of a load balancer's numbers, a minute each: what somebody exports, without anything of Sluice in it. */
import { latencyColumns, learn } from '../../functions/core/judge/baseline.ts';
import { LOST_SLACK_REQUESTS, LOST_SLACK_SHARE } from '../../functions/core/judge/constants.ts';
import { countsOf, countsOfZones, type GroupMinute } from '../../functions/core/judge/readings.ts';
import { ALL, isShare, type Share } from '../../functions/core/share.ts';
import { closest } from '../../functions/core/suggest.ts';
import {
  BrokenRecording,
  type Fields,
  ifDelivered,
  listFrom,
  numberFrom,
  objectFrom,
  present,
  textFrom,
  wholeFrom,
} from './fields.ts';
import { ASSUMED_DELAY_MINUTES, MOST_REQUESTS, type RecordedMinute, type Recording } from './recording.ts';

/** No release watches longer than a day below 100 %; a larger number is a mistake. */
const MOST_MINUTES = 24 * 60;

export function fromRows(recorded: Fields): Recording {
  const columns = listFrom(recorded['columns'], 'columns').map((column, index) =>
    textFrom(column, `columns[${index}]`),
  );
  for (const needed of NEEDED) requireColumn(needed, columns);
  const read = rowReader(columns);
  // Null is "not delivered" for each number, each row, and all rows of a minute. What is missing is a mistake: a
  // misspelt name would pass for silence.
  const zonesOf = (minute: Fields, where: string) =>
    minute['stableZones'] === null
      ? []
      : listFrom(minute['stableZones'], `${where}.stableZones`).map((row, zone) =>
          read(row, `${where}.stableZones[${zone}]`),
        );

  const gridMs = ranksOf(columns).map(({ ms }) => ms);
  const hour = listFrom(recorded['baseline'] ?? [], 'baseline').map((minute, index) =>
    minute === null ? [] : zonesOf(objectFrom(minute, `baseline[${index}]`), `baseline[${index}]`),
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
    // Rows say nothing of a plan, so only a share that rises ends a bake.
    end: { bakeDone: false, reached100: minutes.some(({ share }) => share === ALL) },
  };
}

/** Without them a release of failures would read as one without any. */
const NEEDED = ['requests', 'errors5xx'] as const;

function requireColumn(needed: (typeof NEEDED)[number], columns: readonly string[]): void {
  if (columns.includes(needed)) return;
  const near = columns.find((column) => closest(column, [needed]) !== undefined);
  const fix = near === undefined ? `add it, a number (or null) in every row` : `is "${near}" meant for it? rename that`;
  throw new BrokenRecording(`columns lack "${needed}": ${fix}`);
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

const COUNTS: ReadonlySet<string> = new Set(['requests', 'errors5xx', 'connectionErrors']);

/** A number under the name of a column. */
function cellFrom(value: unknown, name: string, where: string): number | undefined {
  if (RANK.test(name)) return ifDelivered(value, where, 100, numberFrom);
  if (COUNTS.has(name) || CLASS.test(name)) return ifDelivered(value, where, MOST_REQUESTS, wholeFrom);
  return ifDelivered(value, where, Number.MAX_SAFE_INTEGER, numberFrom);
}

/** A row of numbers in the order of `columns` as a reading; null is a number (or a row) that was not delivered. */
function rowReader(columns: readonly string[]): (row: unknown, where: string) => GroupMinute {
  const ranks = ranksOf(columns);
  const classes = columns.flatMap((name, column) => (CLASS.test(name) ? [column] : []));
  return (row, where) => {
    if (row === null) return NOT_DELIVERED;
    const cells = listFrom(row, where);
    if (cells.length !== columns.length) {
      throw new BrokenRecording(`${where} has ${cells.length} numbers, and there are ${columns.length} columns`);
    }
    const numbers = columns.map((name, column) => cellFrom(cells[column], name, `${where}[${column}], ${name},`));
    const at = (name: string) => numbers[columns.indexOf(name)];
    const seconds = at('p95');
    const answered = classes.reduce((sum, column) => sum + (numbers[column] ?? 0), at('errors5xx') ?? 0);
    return possible(
      present<GroupMinute>({
        requests: at('requests'),
        errors5xx: at('errors5xx'),
        answered: classes.length > 0 ? answered : undefined,
        connectionErrors: at('connectionErrors'),
        withinPercent: ranks.map(({ column }) => numbers[column]),
        p95Ms: seconds === undefined ? undefined : seconds * 1000,
        healthyHosts: at('healthyHosts'),
        unhealthyHosts: at('unhealthyHosts'),
      }),
      where,
    );
  };
}

/**
 * No request fails twice. A few more errors than requests are right all the same: a request is counted before it is
 * answered, and a slow answer falls into the minute after it. As many are allowed as the judge takes to be in flight.
 */
function possible(reading: GroupMinute, where: string): GroupMinute {
  const { requests, errors5xx = 0 } = reading;
  if (requests === undefined || errors5xx <= requests + LOST_SLACK_REQUESTS + LOST_SLACK_SHARE * requests)
    return reading;
  throw new BrokenRecording(
    `${where} has ${errors5xx} errors5xx of ${requests} requests: write the errors of the same target group and minute, at most its requests`,
  );
}

function hostsOf(zones: readonly GroupMinute[]): number | undefined {
  const delivered = zones.map(({ healthyHosts }) => healthyHosts).filter((hosts) => hosts !== undefined);
  return delivered.length > 0 ? delivered.reduce((sum, hosts) => sum + hosts, 0) : undefined;
}
