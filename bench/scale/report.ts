/** The tables of docs/scale.md, made from simulations of what the real steps ask for. */
import { QUOTA_OF } from './calls.ts';
import { QUOTAS, type QuotaName } from './quotas.ts';
import { LOOKS_AT_ONCE, type Load, type Outcome, simulate } from './simulate.ts';
import { lookAtRelease, lookAtRest, releaseTrace, type Trace } from './traces.ts';

const AT_REST = [1, 10, 100, 1000] as const;
const AT_ONCE = [1, 10, 50, 100, 300] as const;
const MOST_SERVICES = 1000;
const AN_HOUR = 3600;
/** What a rollback and a verdict may take, whoever else is released: docs/architecture.md and the promise of the scale page. */
const ROLLBACK_WITHIN = 120;
const TWO_TICKS = 60;
/** Long enough for a release of an hour's warm time to end although it is late. */
const LONGEST = 4 * AN_HOUR;
const FACTORS = [1, 2, 4, 8] as const;

type Raised = NonNullable<Load['quotas']>;

interface Counted {
  readonly good: Trace;
  readonly bad: Trace;
  readonly lookAtRest: readonly string[];
  readonly lookAtRelease: readonly string[];
}

export async function scaleTables(): Promise<string> {
  const counted: Counted = {
    good: await releaseTrace('healthy'),
    bad: await releaseTrace('errors'),
    lookAtRest: await lookAtRest(),
    lookAtRelease: await lookAtRelease(),
  };
  return [
    '## At rest',
    '',
    'Calls a second in the busiest minute, and the share of what AWS gives an account. A sweep a minute; each service has a closer look once an hour.',
    '',
    atRestTable(counted),
    '',
    `## Releases at once, at ${MOST_SERVICES.toLocaleString('en')} services`,
    '',
    `All start within one second, which is the worst case. Late: the most that a verdict came later than it would alone (two ticks are ${TWO_TICKS} s). Rollback: from the verdict until users are on stable, when all of them roll back together (the promise is ${ROLLBACK_WITHIN} s). ${LOOKS_AT_ONCE} looks at a time.`,
    '',
    atOnceTable(counted, {}),
    '',
    '## With higher quotas',
    '',
    'The same with every quota that was reached above raised so many times.',
    '',
    raisedTable(counted),
    '',
    '## One release',
    '',
    'Calls of a canary of 5, 25, 50 and 100 % with an hour of warm time, and of one that rolls back at 25 %.',
    '',
    releaseTable(counted),
    '',
  ].join('\n');
}

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

const rounded = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0));

function run(counted: Counted, services: number, releases: number, trace: Trace, quotas: Raised = {}): Outcome {
  const { lookAtRest: rest, lookAtRelease: release } = counted;
  const seconds = releases === 0 ? AN_HOUR : LONGEST;
  return simulate({ services, releases, trace, lookAtRest: rest, lookAtRelease: release, seconds, quotas });
}

function atRestTable(counted: Counted): string {
  const outcomes = AT_REST.map((services) => run(counted, services, 0, counted.good));
  const used = (Object.keys(QUOTAS) as QuotaName[]).filter((name) => outcomes.at(-1)!.quotas.get(name)!.busiest > 0);
  return table(
    ['quota', ...AT_REST.map((services) => `${services.toLocaleString('en')} services`), 'ends at'],
    used.map((name) => [
      name,
      ...outcomes.map(({ quotas }) => {
        const { busiest } = quotas.get(name)!;
        return `${rounded(busiest)} (${((100 * busiest) / QUOTAS[name].aSecond).toFixed(0)} %)`;
      }),
      `${Math.floor((MOST_SERVICES * QUOTAS[name].aSecond) / outcomes.at(-1)!.quotas.get(name)!.busiest).toLocaleString('en')} services`,
    ]),
  );
}

/** The quota that was asked for most above what it gives. */
function firstThatBites({ quotas }: Outcome, raised: Raised): QuotaName | undefined {
  const refusing = [...quotas].filter(([, { refused }]) => refused > 0).map(([name]) => name);
  const over = (name: QuotaName) => quotas.get(name)!.busiest / (raised[name] ?? QUOTAS[name]).aSecond;
  return refusing.toSorted((one, other) => over(other) - over(one))[0];
}

function bite(outcome: Outcome, raised: Raised): string {
  const name = firstThatBites(outcome, raised);
  if (!name) return 'none';
  return `${name}: ${rounded(outcome.quotas.get(name)!.busiest)} of ${(raised[name] ?? QUOTAS[name]).aSecond} a second`;
}

const holds = (good: Outcome, bad: Outcome): boolean =>
  Math.max(good.latestVerdict, bad.latestVerdict) <= TWO_TICKS && bad.longestRollback! <= ROLLBACK_WITHIN;

function atOnceTable(counted: Counted, raised: Raised): string {
  return table(
    ['releases', 'late, s', 'rollback, s', 'the first quota that is reached', 'Lambdas at once', 'holds both'],
    AT_ONCE.map((releases) => {
      const [good, bad] = [counted.good, counted.bad].map((trace) =>
        run(counted, MOST_SERVICES, releases, trace, raised),
      );
      return [
        String(releases),
        Math.max(good!.latestVerdict, bad!.latestVerdict).toFixed(0),
        bad!.longestRollback!.toFixed(0),
        bite(good!, raised),
        String(Math.max(good!.invocationsAtOnce, bad!.invocationsAtOnce)),
        holds(good!, bad!) ? 'yes' : 'no',
      ];
    }),
  );
}

function raisedTable(counted: Counted): string {
  const reached = new Set(
    [counted.good, counted.bad].flatMap((trace) =>
      [...run(counted, MOST_SERVICES, AT_ONCE.at(-1)!, trace).quotas]
        .filter(([, { refused }]) => refused > 0)
        .map(([name]) => name),
    ),
  );
  const rows = FACTORS.slice(1).flatMap((factor) => {
    const raised: Raised = Object.fromEntries(
      [...reached].map((name) => [name, { size: QUOTAS[name].size * factor, aSecond: QUOTAS[name].aSecond * factor }]),
    );
    return [100, 300].map((releases) => {
      const [good, bad] = [counted.good, counted.bad].map((trace) =>
        run(counted, MOST_SERVICES, releases, trace, raised),
      );
      return [
        `${factor} times`,
        String(releases),
        Math.max(good!.latestVerdict, bad!.latestVerdict).toFixed(0),
        bad!.longestRollback!.toFixed(0),
        bite(good!, raised),
        holds(good!, bad!) ? 'yes' : 'no',
      ];
    });
  });
  const asks = [...reached].map((name) => `- ${name}: ${QUOTAS[name].ask}`);
  return [
    table(['raised', 'releases', 'late, s', 'rollback, s', 'the first quota that is reached', 'holds both'], rows),
    '',
    'What to ask AWS for:',
    '',
    ...asks,
  ].join('\n');
}

function releaseTable({ good, bad }: Counted): string {
  const countOf = ({ invocations }: Trace, isMeant: (call: string) => boolean): number =>
    invocations.reduce((sum, { calls }) => sum + calls.filter(isMeant).length, 0);
  const quotas = [...new Set(Object.values(QUOTA_OF))];
  const rows: [string, (trace: Trace) => number][] = [
    ['Lambda invocations', ({ invocations }) => invocations.length],
    ['state transitions', ({ transitions }) => transitions],
    ...quotas.map((name): [string, (trace: Trace) => number] => [
      name,
      (trace) => countOf(trace, (call) => QUOTA_OF[call] === name),
    ]),
  ];
  return table(
    ['what', 'promoted', 'rolled back at 25 %'],
    rows.map(([what, count]) => [what, String(count(good)), String(count(bad))]),
  );
}
