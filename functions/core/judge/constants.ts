/**
 * Every constant of the judge, each with why it has this value and what breaks if it is doubled.
 * Measured effects come from simulated releases (docs/judge.md), not from a live load balancer.
 */

/**
 * Response-time thresholds at which the share of faster responses is asked for, milliseconds. The judge's "slow" and
 * "very slow" are the first points at or under which 90 % and 99 % of stable's responses fell in its baseline hour.
 */
export const LATENCY_GRID_MS = [
  5, 10, 15, 20, 25, 30, 40, 50, 60, 75, 100, 125, 150, 175, 200, 225, 250, 300, 350, 400, 500, 600, 750, 1000, 1500,
  2000, 3000, 5000, 10000,
] as const;

// ---- The comparison: how much evidence, and when it is enough ----

/** Why: 1 / 1 %, so by Ville's inequality at most 1 % of healthy releases abort. Doubled: half of that, detection a minute later. */
export const ODDS_LIMIT = 100;

/** Why: evidence of 5 turned out harmless in 0-1.3 % of bake ends. Doubled: a release that is half convicted moves on. */
export const SUSPICIOUS_ODDS = 5;

/** What is compared. `slow` and `verySlow` are responses over stable's usual 90th and 99th percentile. */
export const METRICS = ['errors', 'slow', 'verySlow'] as const;
export type Metric = (typeof METRICS)[number];

/** Why: errors hurt users most, and the three sum to 1. Doubled: the sum is over 1 and the 1 % promise is void. */
export const METRIC_WEIGHT: Readonly<Record<Metric, number>> = { errors: 0.5, slow: 0.25, verySlow: 0.25 };

/**
 * How many times worse a faulty candidate may be, and how much each guess weighs (1 a metric).
 * Why: from a leak (errors x2) to a crash (x30), from x1.3 latency to x2. Doubled ratios: small faults are missed.
 */
export const EFFECTS: Readonly<Record<Metric, readonly { readonly ratio: number; readonly weight: number }[]>> = {
  errors: [
    { ratio: 2, weight: 0.3 },
    { ratio: 5, weight: 0.4 },
    { ratio: 30, weight: 0.3 },
  ],
  slow: [
    { ratio: 1.4, weight: 0.5 },
    { ratio: 2.5, weight: 0.5 },
  ],
  verySlow: [
    { ratio: 2.5, weight: 0.5 },
    { ratio: 8, weight: 0.5 },
  ],
};

/**
 * The most that one minute can say, nats. Why: 0.5 x e^5.5 is under the limit until 0.81 of the chance of an onset is
 * spent, so one minute of errors alone never aborts in the first 57 minutes of the first share. After the second shift
 * of a service that never failed it can, and so can errors and latency together (0.6 x (0.5 e^5.5 + 0.5 e^5) is 118)
 * when nothing was counted before. Doubled: one minute of errors is enough anywhere.
 */
export const MINUTE_CAP_NATS: Readonly<Record<Metric, number>> = { errors: 5.5, slow: 5, verySlow: 5 };

// ---- The dead candidate: one minute may suffice ----

/** Why: a candidate that fails nearly everything must not get a second minute. Doubled: nothing more, the limit is long passed. */
export const DEAD_CAP_NATS = 20;
/** Why: fewer failures can be one unlucky client. Doubled: crashes at low traffic serve another minute. */
export const DEAD_FAILURES = 5;
/** Why: half of the requests is beyond any load problem. Doubled (all): one cached answer hides a crash. */
export const DEAD_SHARE = 0.5;
/** Why: stable failing at a quarter of the candidate's rate means an outage of both. Doubled: shared outages abort. */
export const DEAD_STABLE_RATIO = 0.25;

// ---- "No worse than stable", in numbers ----

/** Why: two builds of one version differ by some. Doubled (1.6): errors up by half go unseen. */
export const ERROR_MARGIN = 1.3;
/** Why: 0.05 points more are nobody's incident. Doubled: +0.5 points at 100 requests a second take twice as long. */
export const ERROR_MARGIN_RATE = 0.0005;
/** Why: a stable with no error at all must not make the margin infinite. Doubled: the margin halves for very clean services. */
export const LEAST_ERROR_RATE = 0.0002;
/** Why: a persistent 2 % bias in latency moves the share over T90 by about 10 %. Doubled: x1.3 latency is missed. */
export const SLOW_MARGIN = 1.15;
/** Why: the far tail moves more for the same bias. Doubled: "4 % of requests take 2 s" is found late. */
export const VERY_SLOW_MARGIN = 1.3;
/** Why: cold caches; without it 7.6 % of slow warm-ups abort instead of 0.1 %. Doubled: x2 latency waits three minutes more. */
export const WARM_UP_MARGIN = 1.5;
/** Why: minutes in which the allowance falls to a third. Doubled: latency faults are found that much later. */
export const WARM_UP_MINUTES = 3;
/** Why: the first minutes of a process are start-up, not service. Doubled: latency faults are found two minutes later. */
export const LATENCY_BLIND_MINUTES = 2;

/** Why: the running error rate starts from one failure in a thousand, so a new service has a rate. Doubled: the true rate is learned later. */
export const RATE_PRIOR = { failures: 1, requests: 1000 } as const;

// ---- When the fault began: chance that it does so in that minute; 1 in all ----

/** Why: most faults are there at once. Doubled: over 1, the promise is void. */
export const ONSET_AT_START = 0.6;
/** Why: three shifts bring new load. Doubled: nothing is left for leaks. */
export const ONSET_AT_SHIFT = 0.06;
/** Why: a late leak costs 30 % more bad responses without it. Doubled: over 1 with the rest. */
export const ONSET_IN_MINUTES = 0.22;
/** Why: all bakes and a hold fit in an hour. Doubled: each minute has half the chance, leaks are found later. */
export const ONSET_MINUTES = 60;

// ---- Noise: what one failure is worth, learned from stable's own halves ----

/** Prior of phi, failures a burst. Why: retries come in pairs. Doubled: every fault takes nearly twice as long. */
export const BURST_PRIOR = 1.75;
/** Why: the prior weighs as much as this many minutes. Doubled: a noisy service is learned too late and aborts healthy releases. */
export const BURST_PRIOR_MINUTES = 20;
/** Why: never trust a service to be quieter than that. Doubled: every fault takes twice as long. */
export const BURST_LEAST = 1.5;
/** Why: beyond it nothing would ever be found. Doubled: one bad hour makes the judge blind. */
export const BURST_MOST = 6;
/** Why: one wild minute is an incident, not noise. Doubled: an incident before a release blinds the judge. */
export const BURST_MINUTE_MOST = 4;
/** Why: the cap is applied only where the variance is large enough to tell. Doubled: wild minutes at middling traffic count in full. */
export const BURST_CAP_VARIANCE = 5;
/** Why: response times are not bursts of failures; fixed. Doubled: latency faults take twice as long. */
export const LATENCY_BURST = 1.5;
/** Why: a single failure says nothing about how failures spread. Doubled: quiet services stay on the prior. */
export const LEAST_EVENTS = 2;

/** Prior of tau2, variance between halves beyond chance. Why: tasks differ. Doubled: a minute counts half as much, detection slower at high traffic. */
export const SPREAD_PRIOR: Readonly<Record<Metric, number>> = { errors: 0.05, slow: 0.04, verySlow: 0.06 };
/** Why: weight of that prior, in squared variance. Doubled: measured noise is believed later. */
export const SPREAD_PRIOR_WEIGHT = 400;
/** Why: chance alone overshoots by a fifth. Doubled: real noise between tasks is taken for chance and healthy releases abort. */
export const SPREAD_CHANCE = 1.2;
/** Why: no two tasks are the same. Doubled: a minute at 1000 requests a second counts half. */
export const SPREAD_LEAST = 0.005;
/** Why: a minute counts for at least this many independent events. Doubled: false aborts at low traffic grow. */
export const LEAST_INDEPENDENT_EVENTS = 4;

/** Why: fewer minutes of stable teach less than the priors know. Doubled: services deployed twice in twenty minutes use the priors. */
export const LEAST_BASELINE_MINUTES = 10;

// ---- At 100 %: the present against the past ----

/**
 * The most that one minute at 100 % can say, nats. Why: a short outage of something that both colours share looks just like
 * a fault there, and of a limit of 100 six minutes of every metric at once give no more than e^9 times the onset's chance:
 * it takes seven. Doubled: it takes four, and outages of four to six minutes roll healthy releases back.
 */
export const WARM_MINUTE_CAP_NATS = 1.5;
/**
 * What is left of the chance of an onset when 100 % is reached: this part of it falls on the first minute. Why: all of the
 * load is new then. Doubled: a fault that begins there is found half a minute earlier, an outage of six minutes there convicts.
 */
export const WARM_ONSET_AT_SHIFT = 0.1;
/**
 * And each later minute `t` takes 1 / (t + this) of the rest, so that there is always some left, after twelve hours too.
 * Why: half falls on the first hour, the usual warm time. Doubled: half on the first two, each minute has half the chance.
 */
export const WARM_ONSET_MINUTES = 60;

/** Why: the weight of a minute in "lately" (0-1), about the last ten minutes. Doubled: one bad minute is a fifth of the present. */
export const LATELY_WEIGHT = 0.1;
/** Why: a wilder minute counts as so many times the level, or an outage would be remembered for an hour. Doubled: six minutes longer. */
export const LATELY_MOST = 3;
/**
 * What is usual follows what was counted lately by at most this much a minute (of its logarithm). Why: three deviations of
 * the drift of a rough service (errors e^0.5 and response times e^0.1 in an hour) are just as fast. Doubled: a fault that
 * doubles errors becomes usual in a quarter of an hour instead of half an hour.
 */
export const DRIFT_A_MINUTE = 0.025;

/**
 * Prior of a rate's variance from minute to minute, beyond chance. Why: what both colours share moves errors by a quarter and
 * response times by 3 %. Doubled: the margin at 100 % is a quarter wider for a service of which little is known.
 */
export const WANDER_PRIOR: Readonly<Record<Metric, number>> = { errors: 0.07, slow: 0.02, verySlow: 0.05 };
/** Why: one wild minute of an hour is an incident, not wander: it is at most this far from the mean, in means. Doubled: after such an hour a tenth of the +2 point faults is missed. */
export const WANDER_MINUTE_MOST = 1;
/** Why: the margin is so many of its deviations wider at 100 %, where the wander of both no longer cancels out. Doubled: +2 points at 1 request a second are missed. */
export const WANDER_DEVIATIONS = 2;

// ---- Proof of safety ----

/** Why: "safe" means the candidate adds fewer than 2 points of errors, the plan's rollback bar. Doubled: half the sample, a 4-point fault passes. */
export const SAFE_RATE = 0.02;
/** Why: wrongly proven in at most 5 % (1 in 20). Doubled: 90 requests more. */
export const PROOF_ODDS = 20;
/** Why: a usual error rate near the bar must leave something to prove. Doubled: over the bar, the proof turns round. */
export const PROOF_RATE_MOST = 0.6 * SAFE_RATE;

// ---- The gate at the end of a bake ----

/** Why: the one-sided 99.9 % point of the normal distribution: three gates add at most 0.3 % false aborts by chance. Doubled: the gate never closes. */
export const GATE_DEVIATIONS = 3.090232306167813;

// ---- The plan's rollback bars: hold and tell ----

/** Why: one minute over 2 % or 500 ms may be a blip. Doubled: over the three that are looked at, nobody is ever told. */
export const BREACH_MINUTES = 2;
/** Why: the plan's own patience. Doubled: two blips five minutes apart hold a bake. */
export const BREACH_OUT_OF = 3;

// ---- Silence and hosts ----

/** Why: two minutes without a healthy target, the plan's limit. Doubled: users wait as long again. */
export const UNHEALTHY_MINUTES = 2;
/**
 * More than this share (0-1) of the targets unhealthy for two minutes rolls back in the warm time. Why: tasks scale out at
 * 70 % CPU, so while 30 % of them are out the others can just carry the load; one of twenty is no reason to take the
 * version off everybody. Doubled: users wait on overloaded tasks while ECS replaces more than a third of them.
 */
export const WARM_UNHEALTHY_SHARE = 0.3;
/** Why: numbers come up to two minutes late, one more is silence. Doubled: a bake ends well five minutes after its last number. */
export const SILENT_MINUTES = 3;

// ---- Lost requests ----

/** Why: requests in flight at the minute's edge are counted before they are answered. Doubled: small crashes go uncounted. */
export const LOST_SLACK_REQUESTS = 2;
/** Why: the same, as a share of the requests. Doubled: 2 % of lost requests go uncounted, the size of the rollback bar. */
export const LOST_SLACK_SHARE = 0.01;
