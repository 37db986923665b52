/** What users send and what comes back: the one seeded model of traffic, and the shape of what is counted of it. */
import { LATENCY_GRID_MS } from '../functions/core/judge/constants.ts';
import { COLOURS, type Colour, otherColour, type Weights } from '../functions/core/roles.ts';
import { ALL, NONE } from '../functions/core/share.ts';
import type { Chance } from './chance.ts';

export const ZONES = 2;

/** Counts of one colour in one zone; `histogram[i]` has the responses within LATENCY_GRID_MS[i], the last one the rest. */
export interface ZoneCounts {
  requests: number;
  errors5xx: number;
  connectionErrors: number;
  /** A connection was made and no answer came. */
  lost: number;
  readonly histogram: number[];
}

export interface Totals {
  requests: number;
  readonly byColour: Record<Colour, number>;
  /** 5xx and lost. */
  readonly failed: Record<Colour, number>;
  /** Sent to a group that was empty because nobody wanted tasks there, or to none, or never answered. */
  dropped: number;
}

/** Where requests go in one second. */
export interface Flow {
  /** As the load balancer's nodes have them now. */
  readonly weights: Weights;
  /** `empty`: no target is registered. `dead`: targets are registered and refuse connections. */
  readonly targets: Readonly<Record<Colour, 'serving' | 'dead' | 'empty'>>;
  /** Whether anybody wants tasks there: an empty group is a crash then, and our mistake otherwise. */
  readonly wanted: Readonly<Record<Colour, boolean>>;
}

export interface Traffic {
  readonly totals: Totals;
  /** One virtual second of requests. */
  second(flow: Flow): void;
  /** What was counted since the last call, per colour and zone. */
  takeMinute(): Record<Colour, readonly ZoneCounts[]>;
}

export const noCounts = (): ZoneCounts => ({
  requests: 0,
  errors5xx: 0,
  connectionErrors: 0,
  lost: 0,
  histogram: new Array<number>(LATENCY_GRID_MS.length + 1).fill(0),
});

export const noTotals = (): Totals => ({
  requests: 0,
  byColour: { blue: 0, green: 0 },
  failed: { blue: 0, green: 0 },
  dropped: 0,
});

/** How one version behaves now. */
export interface Behaviour {
  /** Probability of a 5xx. */
  readonly errorRate: number;
  /** 1 = as fast as ever. */
  readonly latencyFactor: number;
}

const P95_MS = 215;
/** Log-normal response times; sigma 0.6 puts p50 at 80 ms, p90 at 173 ms and p99 at 323 ms when p95 is 215 ms. */
const SIGMA = 0.6;
const MEDIAN_MS = P95_MS / Math.exp(1.645 * SIGMA);

/** Ways in which requests go elsewhere than the rule alone would send them. */
export interface Paths {
  /** Availability zones that have traffic. @default - both */
  readonly zones?: number | undefined;
  /** Percent of the requests that a colour really gets, as with sticky sessions. @default - its weight */
  readonly routed?: ((weights: Weights) => Weights) | undefined;
}

/** Requests of a Poisson process, split and failing by binomial draws; response times are drawn as a histogram a minute. */
export function modelledTraffic(
  chance: Chance,
  requestsPerSecond: number,
  behaviour: (colour: Colour) => Behaviour,
  { zones = ZONES, routed = (weights) => weights }: Paths = {},
): Traffic {
  const totals = noTotals();
  let minute = emptyMinute(zones);
  const send = (colour: Colour, requests: number, flow: Flow): void => {
    const target = flow.targets[colour];
    if (target === 'empty') {
      // No target could be chosen, so the load balancer counts nothing for the group.
      if (flow.wanted[colour]) totals.failed[colour] += requests;
      else totals.dropped += requests;
      return;
    }
    const inFirstZone = chance.binomial(requests, 1 / zones);
    [inFirstZone, requests - inFirstZone].slice(0, zones).forEach((here, zone) => {
      const counts = minute[colour][zone]!;
      const errors = chance.binomial(here, behaviour(colour).errorRate);
      counts.requests += here;
      if (target === 'dead') counts.connectionErrors += here;
      else counts.errors5xx += errors;
      totals.failed[colour] += target === 'dead' ? here : errors;
    });
  };

  return {
    totals,
    second(flow) {
      const requests = chance.poisson(requestsPerSecond);
      totals.requests += requests;
      const { blue, green } = routed(flow.weights);
      if (blue + green === 0) {
        // The load balancer answers with 503 itself.
        totals.dropped += requests;
        return;
      }
      const toGreen = chance.binomial(requests, green / (blue + green));
      for (const [colour, count] of [
        ['green', toGreen],
        ['blue', requests - toGreen],
      ] as const) {
        totals.byColour[colour] += count;
        if (count > 0) send(colour, count, flow);
      }
    },
    takeMinute() {
      const counted = minute;
      minute = emptyMinute(zones);
      for (const colour of COLOURS) {
        const within = responsesWithin(behaviour(colour).latencyFactor);
        for (const zone of counted[colour]) drawHistogram(chance, zone, within);
      }
      return counted;
    },
  };
}

/** While both colours have users, some of them stay where they were. */
export function stuckTo(weights: Weights, candidate: Colour, stickiness: number): Weights {
  const share = weights[candidate];
  if (share === NONE || share === ALL) return weights;
  const real = Math.min(ALL, share * stickiness);
  return { ...weights, [candidate]: real, [otherColour(candidate)]: ALL - real };
}

const emptyMinute = (zones: number): Record<Colour, ZoneCounts[]> => ({
  blue: Array.from({ length: zones }, noCounts),
  green: Array.from({ length: zones }, noCounts),
});

/** The share (0-1) of responses at or under each threshold of LATENCY_GRID_MS, for a version `factor` times as slow as usual. */
export const responsesWithin = (factor: number): readonly number[] =>
  LATENCY_GRID_MS.map((ms) => normalCdf(Math.log(ms / (MEDIAN_MS * factor)) / SIGMA));

/** Draws the response times of everything that was answered; `within` as `responsesWithin` gives it. */
export function drawHistogram(
  chance: Pick<Chance, 'binomial'>,
  { histogram, requests, connectionErrors }: Pick<ZoneCounts, 'histogram' | 'requests' | 'connectionErrors'>,
  within: readonly number[],
): void {
  let left = requests - connectionErrors;
  let before = 0;
  within.forEach((share, cell) => {
    // Of those that were not faster than the cell before.
    const conditional = before < 1 ? Math.max(0, Math.min(1, (share - before) / (1 - before))) : 1;
    const here = conditional < 1e-9 ? 0 : chance.binomial(left, conditional);
    histogram[cell] = here;
    left -= here;
    before = share;
  });
  histogram[within.length] = left;
}

/** Abramowitz and Stegun 26.2.17, absolute error under 7.5e-8. */
function normalCdf(x: number): number {
  const t = 1 / (1 + 0.2316419 * Math.abs(x));
  const tail =
    (Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI)) *
    t *
    (0.31938153 + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
  return x >= 0 ? 1 - tail : tail;
}
