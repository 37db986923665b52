/** The reconciler as EventBridge calls it, each minute or at the end of an execution, with AWS in memory behind the SDK's clients. */
import { beforeEach, expect, test } from 'vitest';
import type { Lock, Phase } from '../../functions/core/protocol.ts';
import { dynamodb, ecr, ecs, elb, messages, scaling, sfn } from '../../functions/handlers/ports.ts';
import { handler } from '../../functions/handlers/reconcile.ts';
import { answering, type Call, PLACE } from '../adapters/answering.ts';
import { Balancer, forwardTo, GROUPS, LISTENER } from '../adapters/balancer.ts';
import { Cluster } from '../adapters/cluster.ts';
import { SLUICE } from '../adapters/sluice.ts';
import { Table } from '../adapters/table.ts';
import { lockIn } from '../steps/fixture.ts';
import { endEvent } from './events.ts';

process.env['AWS_REGION'] = PLACE.region;
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';
process.env['POWERTOOLS_METRICS_DISABLED'] = 'true';

const OWNER = 'arn:aws:states:us-east-1:111111111111:execution:sluice-conductores-backend:one';
const MINUTE = { 'detail-type': 'Scheduled Event', source: 'aws.events', detail: {} };

let balancer: Balancer;
let cluster: Cluster;
let table: Table;
let calls: Call[];
let ruleArn: string;
let owner: 'RUNNING' | 'ABORTED';

beforeEach(() => {
  balancer = new Balancer();
  cluster = new Cluster();
  table = new Table();
  calls = [];
  owner = 'RUNNING';
  answering(elb(), balancer.answers, calls);
  answering(ecs(), cluster.answers, calls);
  answering(scaling(), cluster.answers, calls);
  answering(dynamodb().again, table.answers, calls);
  answering(dynamodb().once, table.answers, calls);
  answering(ecr(), { DescribeImages: () => ({ imageDetails: [] }) }, calls);
  answering(sfn(), { DescribeExecution: () => ({ status: owner }) }, calls);
  answering(messages().sns, { PublishBatch: () => ({}) }, calls);
  answering(messages().events, { PutEvents: () => ({ Entries: [] }) }, calls);
  for (const colour of ['blue', 'green'] as const) {
    balancer.healthy[GROUPS[colour]] = 2;
    const serviceName = SLUICE.services[colour];
    const { taskDefinitionArn } = cluster.register({ family: serviceName, containerDefinitions: [] });
    const deployment = { status: 'PRIMARY', taskDefinition: taskDefinitionArn!, runningCount: 2 };
    const service = { serviceName, status: 'ACTIVE', desiredCount: 2, runningCount: 2, deployments: [deployment] };
    cluster.services.set(serviceName, service);
  }
  ruleArn = balancer.add(LISTENER, 100, [forwardTo({ [GROUPS.blue]: 75, [GROUPS.green]: 25 })], []).RuleArn!;
  process.env['SLUICE'] = JSON.stringify({ ...SLUICE, ruleArn });
});

const key = `SERVICE#${SLUICE.service} STATE`;
function stateIs(phase?: Phase): void {
  const lock = phase && JSON.parse(JSON.stringify(lockIn(phase, 25, { owner: OWNER })));
  const state = { service: SLUICE.service, stable: 'blue', fence: 8, ...(lock ? { lock } : {}) };
  table.items.set(key, { pk: `SERVICE#${SLUICE.service}`, sk: 'STATE', ...state });
}
const lockNow = () => (table.items.get(key) as { lock?: Lock }).lock;
const weights = () => [GROUPS.blue, GROUPS.green].map((group) => balancer.weights(ruleArn)[group]);
const look = (event: unknown = MINUTE) => handler(event as never, {} as never);

test('a release whose owner runs is left alone, and its life is written down', async () => {
  stateIs('baking');
  expect(await look()).toMatchObject({ summary: expect.stringContaining('goes on') });
  expect(weights()).toEqual([75, 25]);
  expect(lockNow()?.owner).toBe(OWNER);
  expect(table.items.get(key)).toMatchObject({ watch: { fence: 8, still: 0 } });
});

test('when the execution was stopped, users are put back and it is the owner, at its first look', async () => {
  stateIs('baking');
  owner = 'ABORTED';
  const event = endEvent('sluice-conductores-backend');
  expect(await look(event)).toMatchObject({ summary: expect.stringContaining('took over r-20260105-135500') });
  expect(weights()).toEqual([100, 0]);
  expect(lockNow()).toMatchObject({ owner: 'reconciler', fence: 9, phase: 'reverting' });
  expect(calls.map(({ command }) => command)).toContain('PublishBatch');
  // Nothing is scaled down before the drain is over.
  expect(calls.map(({ command }) => command)).not.toContain('UpdateService');
});

test('weights that nobody released are put back', async () => {
  stateIs();
  expect(await look()).toMatchObject({ summary: expect.stringContaining('the rule sends 25 % to green') });
  expect(weights()).toEqual([100, 0]);
  expect(lockNow()).toMatchObject({ owner: 'reconciler', drift: true });
});

test('its failure is reported by name, and the next look goes on', async () => {
  stateIs('baking');
  process.env['SLUICE'] = '{}';
  await expect(look()).rejects.toMatchObject({ name: 'Stuck' });
  expect(weights()).toEqual([75, 25]);
});
