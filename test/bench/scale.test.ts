import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { describe, expect, test } from 'vitest';
import { awsCallsOf, type CALLS_OF } from '../../bench/scale/calls.ts';
import { QUOTAS } from '../../bench/scale/quotas.ts';
import { type Load, type Outcome, simulate } from '../../bench/scale/simulate.ts';
import type { Trace } from '../../bench/scale/traces.ts';
import { albTrafficRouter } from '../../functions/adapters/alb-traffic-router.ts';
import { cloudwatchSignals } from '../../functions/adapters/cloudwatch-signals.ts';
import { ALARMS } from '../../functions/core/thresholds.ts';
import { type Answers, answering, type Call, PLACE } from '../adapters/answering.ts';
import { Balancer, forwardTo, GROUPS, LISTENER, LOAD_BALANCER } from '../adapters/balancer.ts';
import { digestOf, fixture } from '../adapters/fleet.ts';
import { SLUICE } from '../adapters/sluice.ts';

const COLOURS = ['blue', 'green'] as const;

describe('what the simulation takes a port to ask of AWS is what its adapter asks', () => {
  const asked = async (calls: Call[], doIt: () => Promise<unknown>): Promise<readonly string[]> => {
    calls.length = 0;
    await doIt();
    return calls.map(({ command }) => command).toSorted();
  };
  const expected = (call: keyof typeof CALLS_OF) => awsCallsOf(call).toSorted();

  test('the router', async () => {
    const balancer = new Balancer();
    const calls: Call[] = [];
    const forward = [forwardTo({ [GROUPS.blue]: 100, [GROUPS.green]: 0 })];
    const { RuleArn: ruleArn = '' } = balancer.add(LISTENER, 100, forward, []);
    const { RuleArn: probeRule = '' } = balancer.add(LISTENER, 99, forward, []);
    const elb = answering(new ElasticLoadBalancingV2Client(PLACE), balancer.answers, calls);
    const probe = { ruleArn: probeRule, url: 'http://127.0.0.1:9', header: 'x', secret: 'y' };
    const router = albTrafficRouter(elb, { ruleArn, targetGroups: GROUPS, probe }, { sleep: async () => undefined });
    expect(await asked(calls, () => router.current())).toEqual(expected('DescribeRules'));
    expect(await asked(calls, () => router.route({ blue: 95, green: 5 }))).toEqual(expected('ModifyRule'));
    expect(await asked(calls, () => router.checkWritePermission())).toEqual(expected('ModifyRule (no change)'));
    expect(await asked(calls, () => router.probe('green'))).toEqual(expected('Probe'));
    // To rest is to read, and to write where it is not there yet.
    const rest = await asked(calls, () => router.resetProbe('green'));
    expect(new Set(rest)).toEqual(new Set(expected('Probe (rests)')));
  });

  test('the fleet', async () => {
    const { fleet, calls } = fixture();
    expect(await asked(calls, () => fleet.observe('blue'))).toEqual(expected('DescribeServices'));
    expect(await asked(calls, () => fleet.crashes('blue'))).toEqual(expected('DescribeServices (crashes)'));
    expect(await asked(calls, () => fleet.health())).toEqual(expected('DescribeTargetHealth'));
    const deployed = await asked(calls, () => fleet.deploy('green', digestOf('1'), 2));
    expect(deployed).toEqual(expected('UpdateService'));
    expect(await asked(calls, () => fleet.suspendScaling('blue', 'in'))).toEqual(expected('RegisterScalableTarget'));
  });

  test('the signals', async () => {
    const calls: Call[] = [];
    const answers: Answers = {
      ListMetrics: () => ({ Metrics: [] }),
      GetMetricData: () => ({ MetricDataResults: [] }),
      DescribeAlarms: () => ({
        MetricAlarms: COLOURS.flatMap((colour) =>
          ALARMS.map(({ name }) => ({
            AlarmName: `${SLUICE.service}-${colour}-${name}`,
            StateValue: 'OK',
            StateTransitionedTimestamp: new Date(0),
          })),
        ),
      }),
    };
    const signals = cloudwatchSignals(answering(new CloudWatchClient(PLACE), answers, calls), {
      service: SLUICE.service,
      loadBalancer: LOAD_BALANCER,
      targetGroups: GROUPS,
    });
    expect(await asked(calls, () => signals.alarms())).toEqual(expected('DescribeAlarms'));
    const minutes = await asked(calls, () => signals.minutes({ from: 0, to: 120, thresholdsMs: [300] }));
    expect(new Set(minutes)).toEqual(new Set(expected('GetMetricData')));
  });
});

describe('the simulation', () => {
  const invocation = (calls: readonly string[], after = 30) => ({
    verb: 'Judge',
    after,
    calls,
    bringsUsersBack: false,
  });
  const traceOf = (count: number, calls: readonly string[]): Trace => ({
    invocations: Array.from({ length: count }, () => invocation(calls)),
    transitions: count,
    seconds: 30 * count,
  });
  const load = (facts: Partial<Load>): Outcome =>
    simulate({
      services: 1,
      releases: 1,
      trace: traceOf(20, ['DescribeRules']),
      lookAtRest: [],
      lookAtRelease: [],
      seconds: 3600,
      ...facts,
    });

  test('one release that asks little is never late, and nothing is refused', () => {
    const outcome = load({});
    expect(outcome.latestVerdict).toBeLessThan(0.1);
    expect([...outcome.quotas.values()].every(({ refused }) => refused === 0)).toBe(true);
    expect(outcome.quotas.get('ELBv2 reads')!.answered).toBe(20);
  });

  test('who asks for more than a bucket gives is refused and late, and with a bigger bucket is neither', () => {
    const trace = traceOf(20, ['DescribeAlarms', 'DescribeAlarms']);
    const tight = load({ services: 200, releases: 200, trace });
    expect(tight.quotas.get('DescribeAlarms')!.refused).toBeGreaterThan(0);
    expect(tight.latestVerdict).toBeGreaterThan(1);
    const wide = load({
      services: 200,
      releases: 200,
      trace,
      quotas: { DescribeAlarms: { size: 1000, aSecond: 1000 } },
    });
    expect(wide.quotas.get('DescribeAlarms')!.refused).toBe(0);
    expect(wide.latestVerdict).toBeLessThan(0.1);
  });

  test('no bucket gives more in an hour than it holds and gets', () => {
    const { size, aSecond } = QUOTAS.DescribeAlarms;
    const outcome = load({ services: 500, releases: 500, trace: traceOf(100, ['DescribeAlarms']) });
    expect(outcome.quotas.get('DescribeAlarms')!.answered).toBeLessThanOrEqual(size + aSecond * 3600);
  });

  test('at rest the sweep asks by batches: ten times the services are not ten times the calls of one', () => {
    const reads = (services: number) => load({ services, releases: 0 }).quotas.get('ELBv2 reads')!.answered;
    expect(reads(20)).toBe(reads(1));
    expect(reads(1000)).toBe(50 * reads(1));
  });
});
