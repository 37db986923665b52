/** What happens in a simulated release: nothing, a nuisance that a judge must bear, or a fault that it must find. */
import type { Draws } from './random.ts';

/** What is wrong with the candidate in one minute. */
export interface Fault {
  /** Added to its error probability, 0-1. */
  readonly added?: number;
  /** Times as slow. */
  readonly factor?: number;
  /** Share (0-1) of its responses that take two seconds. */
  readonly tail?: number;
  /** One of its tasks exits with an error. */
  readonly crashed?: boolean;
}

/** An outage of both colours: something that they share is down. */
export interface Outage {
  readonly from: number;
  readonly minutes: number;
}

export interface Scenario<Name = ScenarioName | WarmScenarioName> {
  readonly name: Name;
  /** The first minute of the fault, since the first share; absent when there is none. */
  readonly onset?: number;
  /** What the fault costs users. */
  readonly harm?: 'failures' | 'slow';
  readonly world: 'ideal' | 'ordinary' | 'rough';
  /** How slow the candidate starts: so many times as slow at first, falling to a third every so many minutes. */
  readonly warmUp: { readonly factor: number; readonly minutes: number };
  readonly outage?: (draws: Draws) => Outage | undefined;
  /** Minutes at 100 %. @default - 15 */
  readonly minutesAt100?: number;
  readonly outageAt100?: (draws: Draws) => Outage | undefined;
  readonly fault?: (minute: number, tasks: number, draws: Draws) => Fault;
}

const WARM_UP = { factor: 1.6, minutes: 1 };
const ordinary = { world: 'ordinary', warmUp: WARM_UP } as const;

/** There is no fault. */
const well = <Name>(name: Name, rest: Partial<Scenario> = {}): Scenario<Name> => ({ ...ordinary, ...rest, name });

/** A fault from `onset` on. */
const ill = <Name>(
  name: Name,
  harm: 'failures' | 'slow',
  onset: number,
  fault: NonNullable<Scenario['fault']>,
  rest: Partial<Scenario> = {},
): Scenario<Name> => ({
  ...ordinary,
  onset,
  harm,
  fault: (minute, tasks, draws) => (minute < onset ? {} : fault(minute, tasks, draws)),
  ...rest,
  name,
});

const points = (percent: number): Fault => ({ added: percent / 100 });

/** An outage that begins between two minutes and lasts 8 to 12. */
const outageFrom =
  (earliest: number, latest: number) =>
  (draws: Draws): Outage => ({
    from: Math.floor(draws.between(earliest, latest + 1)),
    minutes: Math.floor(draws.between(8, 13)),
  });

/** With a chance of 30 %, one of 2 to 6 minutes. */
const shortOutage = (draws: Draws): Outage | undefined =>
  draws.uniform() < 0.3
    ? { from: Math.floor(draws.between(0, 40)), minutes: Math.floor(draws.between(2, 7)) }
    : undefined;

/** When 100 % is reached, and how long the usual and the longest warm time are. */
const AT_100 = 45;
const WARM = 60;
const LONGEST_WARM = 720;

/** Somewhere in the first hour at 100 %. */
const outageAt100 =
  (chance: number, least: number, most: number) =>
  (draws: Draws): Outage | undefined => {
    if (draws.uniform() >= chance) return undefined;
    const minutes = Math.floor(draws.between(least, most + 1));
    return { from: Math.floor(draws.between(AT_100, AT_100 + WARM - minutes)), minutes };
  };

const CRASHED: Fault = { added: 0.95, crashed: true };

export type ScenarioName =
  | 'ideal'
  | 'healthy'
  | 'healthy-rough'
  | 'shared-outage'
  | 'slow-warmup'
  | 'err+0.5'
  | 'err+1'
  | 'err+2'
  | 'err+5'
  | 'err+20'
  | 'lat-x1.3'
  | 'lat-x2'
  | 'leak@20'
  | 'err+2@outage'
  | 'crash'
  | 'tail-4%x2s'
  | 'flap-8%'
  | 'task-loop';

export type WarmScenarioName =
  | 'healthy@100'
  | 'rough@100'
  | 'rough+outage@100'
  | 'outage-short@100'
  | 'outage-long@100'
  | 'healthy@12h'
  | 'rough@12h'
  | 'err+1@100'
  | 'err+2@100'
  | 'err+5@100'
  | 'err+20@100'
  | 'err+2@100+30'
  | 'err+2@12h'
  | 'lat-x1.5@100'
  | 'lat-x2@100'
  | 'lat-x2@100+30'
  | 'tail-4%x2s@100'
  | 'dead@100';

export const SCENARIOS: readonly Scenario<ScenarioName>[] = [
  well('ideal', { world: 'ideal', warmUp: { factor: 1, minutes: 1 } }),
  well('healthy'),
  well('healthy-rough', { world: 'rough', outage: shortOutage }),
  well('shared-outage', { outage: outageFrom(2, 30) }),
  well('slow-warmup', { warmUp: { factor: 2.2, minutes: 1 } }),
  ill('err+0.5', 'failures', 0, () => points(0.5)),
  ill('err+1', 'failures', 0, () => points(1)),
  ill('err+2', 'failures', 0, () => points(2)),
  ill('err+5', 'failures', 0, () => points(5)),
  ill('err+20', 'failures', 0, () => points(20)),
  ill('lat-x1.3', 'slow', 0, () => ({ factor: 1.3 })),
  ill('lat-x2', 'slow', 0, () => ({ factor: 2 })),
  ill('leak@20', 'failures', 20, (minute) => points(0.4 * (minute - 19))),
  ill('err+2@outage', 'failures', 0, () => points(2), { outage: outageFrom(0, 6) }),
  ill('crash', 'failures', 0, () => CRASHED),
  ill('tail-4%x2s', 'slow', 0, () => ({ tail: 0.04 })),
  ill('flap-8%', 'failures', 0, (minute) => (minute % 6 < 2 ? points(8) : {})),
  ill('task-loop', 'failures', 16, (_, tasks, draws) =>
    draws.uniform() < 1 / 3 ? { added: 0.9 / tasks, crashed: true } : {},
  ),
];

const warm = { minutesAt100: WARM } as const;

/** The same service through its warm time; faults begin when 100 % is reached, or half an hour later. */
export const WARM_SCENARIOS: readonly Scenario<WarmScenarioName>[] = [
  well('healthy@100', warm),
  well('rough@100', { ...warm, world: 'rough', outage: shortOutage }),
  well('rough+outage@100', { ...warm, world: 'rough', outage: shortOutage, outageAt100: outageAt100(0.3, 2, 6) }),
  well('outage-short@100', { ...warm, outageAt100: outageAt100(1, 2, 6) }),
  well('outage-long@100', { ...warm, outageAt100: outageAt100(1, 8, 12) }),
  well('healthy@12h', { minutesAt100: LONGEST_WARM }),
  well('rough@12h', { minutesAt100: LONGEST_WARM, world: 'rough', outage: shortOutage }),
  ill('err+1@100', 'failures', AT_100, () => points(1), warm),
  ill('err+2@100', 'failures', AT_100, () => points(2), warm),
  ill('err+5@100', 'failures', AT_100, () => points(5), warm),
  ill('err+20@100', 'failures', AT_100, () => points(20), warm),
  ill('err+2@100+30', 'failures', AT_100 + 30, () => points(2), warm),
  ill('err+2@12h', 'failures', AT_100 + LONGEST_WARM - WARM, () => points(2), { minutesAt100: LONGEST_WARM }),
  ill('lat-x1.5@100', 'slow', AT_100, () => ({ factor: 1.5 }), warm),
  ill('lat-x2@100', 'slow', AT_100, () => ({ factor: 2 }), warm),
  ill('lat-x2@100+30', 'slow', AT_100 + 30, () => ({ factor: 2 }), warm),
  ill('tail-4%x2s@100', 'slow', AT_100, () => ({ tail: 0.04 }), warm),
  ill('dead@100', 'failures', AT_100, () => ({ added: 0.95 }), warm),
];

export const scenarioNamed = (wanted: Scenario['name']): Scenario =>
  [...SCENARIOS, ...WARM_SCENARIOS].find(({ name }) => name === wanted)!;
