/** The alarms of both colours, made of the same table as the rehearsal's: the literal set, and one backstop a colour. */
import { Duration, Fn } from 'aws-cdk-lib';
import {
  Alarm,
  AlarmState,
  ComparisonOperator,
  CompositeAlarm,
  AlarmRule as CompositeRule,
  type IAlarmRule,
  MathExpression,
  Metric,
  Stats,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Construct } from 'constructs';
import { type Colour, otherColour } from '../../functions/core/roles.ts';
import { ALARMS, type AlarmMetric, type AlarmName, type AlarmRule } from '../../functions/core/thresholds.ts';
import type { Foundation } from '../settings.ts';
import type { Notifications } from './notifications.ts';
import { type PerColour, perColour, type TwoColourService } from './two-colour-service.ts';

export interface ReleaseSignalsProps {
  readonly service: TwoColourService;
  readonly notifications: Notifications;
}

type Measure = Metric | MathExpression;

const MINUTE = Duration.minutes(1);

export class ReleaseSignals extends Construct {
  readonly alarms: PerColour<Readonly<Record<AlarmName, Alarm>>>;
  /** The candidate is far worse than stable, or is not there at all: acts under both policies. */
  readonly backstops: PerColour<CompositeAlarm>;

  constructor(scope: Construct, id: string, { service, notifications }: ReleaseSignalsProps) {
    super(scope, id);
    const { name } = service.settings;
    const metrics = perColour((colour) => groupMetrics(service, colour));
    this.alarms = perColour((colour) => {
      const measureOf = (rule: AlarmRule): Measure => {
        const [own, other] = [metrics[colour][rule.metric], metrics[otherColour(colour)][rule.metric]];
        return rule.ownMinutesOnly ? ofItsOwn(rule, own, other) : withEnoughRequests(rule, own, colour);
      };
      return Object.fromEntries(
        ALARMS.map((rule) => [rule.name, this.alarm(`${name}-${colour}-${rule.name}`, measureOf(rule), rule)]),
      ) as Record<AlarmName, Alarm>;
    });
    this.backstops = perColour((colour) => {
      const backstop = new CompositeAlarm(this, `${name}-${colour}-backstop`, {
        compositeAlarmName: `${name}-${colour}-backstop`,
        alarmDescription: `${colour} is far worse than ${otherColour(colour)}, or has no healthy target`,
        alarmRule: CompositeRule.anyOf(...this.backstopRules(colour)),
      });
      backstop.addAlarmAction(new SnsAction(notifications.topic));
      return backstop;
    });
  }

  private alarm(alarmName: string, metric: Measure, rule: AlarmRule): Alarm {
    return new Alarm(this, alarmName, {
      alarmName,
      metric,
      threshold: rule.threshold,
      comparisonOperator: COMPARISON[rule.wrongSide],
      datapointsToAlarm: rule.breaching,
      evaluationPeriods: rule.outOf,
      // Silence is not health: without numbers the alarm says INSUFFICIENT_DATA, never OK.
      treatMissingData: TreatMissingData.MISSING,
    });
  }

  private backstopRules(colour: Colour): readonly IAlarmRule[] {
    return ALARMS.filter(({ kind }) => kind === 'backstop').map((rule) => {
      const rings = (of: Colour): IAlarmRule => CompositeRule.fromAlarm(this.alarms[of][rule.name], AlarmState.ALARM);
      return rule.unlessOtherLikewise
        ? CompositeRule.allOf(rings(colour), CompositeRule.not(rings(otherColour(colour))))
        : rings(colour);
    });
  }
}

const COMPARISON = {
  over: ComparisonOperator.GREATER_THAN_THRESHOLD,
  'at-least': ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
  under: ComparisonOperator.LESS_THAN_THRESHOLD,
} as const;

/** A minute with too few requests counts as good, one without any has no number. */
function withEnoughRequests({ minimumRequests, name }: AlarmRule, metric: Measure, colour: Colour): Measure {
  if (minimumRequests === 0) return metric;
  if (!(metric instanceof MathExpression))
    throw new Error(`${name} asks for requests, which its metric does not count`);
  return new MathExpression({
    expression: `IF(${colour}Requests >= ${minimumRequests}, ${metric.expression}, 0)`,
    usingMetrics: metric.usingMetrics,
    period: MINUTE,
  });
}

/**
 * A minute in which the other colour is likewise counts as good: the number is then the threshold itself. Neither is
 * filled: a minute in which one colour delivered nothing has no number, and says nothing of the two.
 */
function ofItsOwn({ wrongSide, threshold, name }: AlarmRule, own: Measure, other: Measure): MathExpression {
  if (wrongSide !== 'under')
    throw new Error(`${name} compares minutes of both colours, which is made for "under" only`);
  return new MathExpression({
    expression: `IF(other < ${threshold}, ${threshold}, own)`,
    usingMetrics: { own, other },
    period: MINUTE,
  });
}

/**
 * What ALB counts for one target group (https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html).
 * Counts of errors are left out where they are 0, response times are seconds, and a target that is down answers nothing:
 * its refused connections are the 502s that users see.
 */
export function groupMetrics(
  { targetGroups, foundation }: TwoColourService,
  colour: Colour,
): Readonly<Record<AlarmMetric | 'requests', Measure>> {
  const metric = (metricName: string, statistic: string): Metric =>
    new Metric({
      namespace: 'AWS/ApplicationELB',
      metricName,
      statistic,
      period: MINUTE,
      dimensionsMap: {
        LoadBalancer: loadBalancerDimension(foundation),
        TargetGroup: targetGroups[colour].targetGroupFullName,
      },
    });
  const requests = metric('RequestCount', Stats.SUM);
  // Named by colour, because a graph of both knows each name once.
  const [n, target, refused, p95] = [`${colour}Requests`, `${colour}Errors`, `${colour}Refused`, `${colour}P95`];
  const counted = (expression: string, more: Readonly<Record<string, Metric>>): MathExpression =>
    new MathExpression({ expression, usingMetrics: { [n]: requests, ...more }, period: MINUTE });
  const errors = {
    [target]: metric('HTTPCode_Target_5XX_Count', Stats.SUM),
    [refused]: metric('TargetConnectionErrorCount', Stats.SUM),
  };
  const failures = `FILL(${target}, 0) + FILL(${refused}, 0)`;
  return {
    requests,
    // `0 * requests` is nothing in a minute without requests: then there is no number, instead of a good one.
    'error-percent': counted(`100 * (${failures}) / ${n}`, errors),
    'server-errors': counted(`0 * ${n} + ${failures}`, errors),
    'p95-ms': counted(`0 * ${n} + 1000 * ${p95}`, { [p95]: metric('TargetResponseTime', Stats.p(95)) }),
    // The load balancer's nodes each count for themselves: only what all of them say is true of the group.
    'unhealthy-targets': metric('UnHealthyHostCount', Stats.MINIMUM),
    'healthy-targets': metric('HealthyHostCount', Stats.MAXIMUM),
  };
}

/** `app/name/id`, the end of the ARN; a wrong one gives no data and no error. */
const loadBalancerDimension = ({ loadBalancerArn }: Foundation): string =>
  Fn.select(1, Fn.split(':loadbalancer/', loadBalancerArn));
