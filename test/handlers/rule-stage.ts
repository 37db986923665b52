/** The rules' handler on a stage: a load balancer and a ledger in memory, made anew for each test. */
import { beforeEach } from 'vitest';
import { albTrafficRouter } from '../../functions/adapters/alb-traffic-router.ts';
import { systemClock } from '../../functions/adapters/system-clock.ts';
import type { ServiceState } from '../../functions/core/protocol.ts';
import { dynamodb, elb } from '../../functions/handlers/ports.ts';
import { handler } from '../../functions/handlers/weighted-rule.ts';
import { answering, type Call, PLACE } from '../adapters/answering.ts';
import { Balancer, GROUPS, groupArn, OTHER_LISTENER } from '../adapters/balancer.ts';
import { Table } from '../adapters/table.ts';
import { lockIn } from '../steps/fixture.ts';
import { RULE, StackResource } from './cloudformation.ts';

process.env['AWS_REGION'] = PLACE.region;
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';

export const MOVED = { ...RULE, ListenerArn: OTHER_LISTENER };
export const NEW_GROUPS = { ...RULE, BlueTargetGroupArn: groupArn('blue2'), GreenTargetGroupArn: groupArn('green2') };

export let balancer: Balancer;
export let table: Table;
export let calls: Call[];
export let rule: StackResource;

beforeEach(() => {
  balancer = new Balancer();
  table = new Table();
  calls = [];
  answering(elb(), balancer.answers, calls);
  answering(dynamodb().again, table.answers);
  balancer.healthy[GROUPS.blue] = 2;
  rule = new StackResource(handler as never);
});

export const weightsOf = (arn = rule.physicalId) => {
  const weights = balancer.weights(arn);
  return [GROUPS.blue, GROUPS.green].map((group) => weights[group]);
};

/** What a release does to the rule. */
export const shift = (share: number, ruleArn = rule.physicalId): Promise<void> => {
  const probe = { ruleArn, url: '', header: '', secret: '' };
  const router = albTrafficRouter(elb(), { ruleArn, targetGroups: GROUPS, probe }, systemClock);
  return router.route({ blue: 100 - share, green: share });
};

export function releasing(isRunning: boolean, stable: 'blue' | 'green' = 'blue'): void {
  const state: ServiceState = {
    service: RULE.Service,
    stable,
    fence: 8,
    ...(isRunning ? { lock: JSON.parse(JSON.stringify(lockIn('baking', 25))) } : {}),
  };
  const key = { pk: `SERVICE#${RULE.Service}`, sk: 'STATE' };
  table.items.set(`${key.pk} ${key.sk}`, { ...key, ...state });
}

export const actionsSent = () => calls.filter(({ command, input }) => command === 'ModifyRule' && 'Actions' in input);
export const statuses = () => rule.answers.map(({ Status }) => Status);
