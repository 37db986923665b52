/**
 * One reading of many services: rules by their ARNs, twenty a call, and ECS services by tens, which is ECS' limit. What
 * AWS does not answer is told as unread; one rule that is gone must not hide nineteen others.
 */
import { DescribeServicesCommand, type ECSClient } from '@aws-sdk/client-ecs';
import {
  DescribeRulesCommand,
  type ElasticLoadBalancingV2Client,
  type Rule,
} from '@aws-sdk/client-elastic-load-balancing-v2';
import { Stuck, Transient } from '../core/failures.ts';
import type { Registered } from '../core/registration.ts';
import type { Weights } from '../core/roles.ts';
import type { Account, Glance } from '../ports/account.ts';
import type { Clock } from '../ports/clock.ts';
import { isCalled } from './failures.ts';
import { forwardOf, weightsIn } from './weighted-actions.ts';

/** AWS gives no figure for rules; of load balancers and tags it takes twenty. If it takes fewer, halves are asked for. */
const RULES_A_CALL = 20;
/** https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_DescribeServices.html */
const SERVICES_A_CALL = 10;
/** A sweep takes its time, so that a release beside it finds its tokens: four calls a second, of the ten and twenty that AWS gives. */
const SECONDS_BETWEEN_BATCHES = 0.25;

export interface GlanceClients {
  readonly elb: Pick<ElasticLoadBalancingV2Client, 'send'>;
  readonly ecs: Pick<ECSClient, 'send'>;
}

export function accountGlance({ elb, ecs }: GlanceClients, clock: Pick<Clock, 'sleep'>): Account {
  /** The rules that are there. A batch that is refused for one of its rules is asked for in halves. */
  async function rules(arns: readonly string[]): Promise<readonly Rule[] | 'unread'> {
    try {
      const { Rules = [] } = await elb.send(new DescribeRulesCommand({ RuleArns: [...arns] }));
      return Rules;
    } catch (error) {
      if (error instanceof Transient) return 'unread';
      if (isCalled(error, 'RuleNotFound') && arns.length === 1) return [];
      if (!isCalled(error, 'RuleNotFound', 'ValidationError', 'TooManyRules') || arns.length === 1) throw error;
      const middle = Math.ceil(arns.length / 2);
      const halves = [await rules(arns.slice(0, middle)), await rules(arns.slice(middle))];
      return halves.includes('unread') ? 'unread' : (halves as (readonly Rule[])[]).flat();
    }
  }

  return {
    async weights(of) {
      const seen = new Map<string, Glance<Weights>>();
      for (const [index, some] of batches(of, RULES_A_CALL).entries()) {
        if (index > 0) await clock.sleep(SECONDS_BETWEEN_BATCHES);
        const found = await rules(some.map(({ ruleArn }) => ruleArn));
        for (const one of some) seen.set(one.service, found === 'unread' ? 'unread' : weightsOf(found, one));
      }
      return seen;
    },

    async revisions(of) {
      const seen = new Map<string, Glance<{ readonly revision?: string }>>();
      for (const cluster of new Set(of.map((one) => one.cluster)))
        for (const some of batches(
          of.filter((one) => one.cluster === cluster),
          SERVICES_A_CALL,
        )) {
          if (seen.size > 0) await clock.sleep(SECONDS_BETWEEN_BATCHES);
          const found = await servicesIn(
            ecs,
            cluster,
            some.map(({ name }) => name),
          );
          for (const { service, name } of some)
            seen.set(service, found === 'unread' ? 'unread' : (found.get(name) ?? 'wrong'));
        }
      return seen;
    },
  };
}

const batches = <One>(all: readonly One[], size: number): readonly (readonly One[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size));

function weightsOf(found: readonly Rule[], { ruleArn, targetGroups }: Registered): Glance<Weights> {
  const rule = found.find(({ RuleArn }) => RuleArn === ruleArn);
  if (!rule) return 'wrong';
  try {
    return weightsIn(forwardOf(rule.Actions ?? []), targetGroups);
  } catch (error) {
    if (error instanceof Stuck) return 'wrong';
    throw error;
  }
}

/** By their names; those that are not there, or are going, are absent. */
async function servicesIn(ecs: GlanceClients['ecs'], cluster: string, names: readonly string[]) {
  try {
    const { services = [] } = await ecs.send(new DescribeServicesCommand({ cluster, services: [...names] }));
    return new Map(
      services
        .filter(({ status }) => status === 'ACTIVE')
        .map(({ serviceName = '', deployments = [] }) => {
          const revision = deployments.find(({ status }) => status === 'PRIMARY')?.taskDefinition;
          return [serviceName, revision === undefined ? {} : { revision }] as const;
        }),
    );
  } catch (error) {
    if (error instanceof Transient) return 'unread';
    if (isCalled(error, 'ClusterNotFound')) return new Map<string, { readonly revision?: string }>();
    throw error;
  }
}
