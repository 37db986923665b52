/**
 * The ports as the Lambdas have them. A bundle holds only the clients of the ports that its verb asks for, and a client
 * is made when it is first needed, then kept for the invocations that follow.
 */

import { Logger } from '@aws-lambda-powertools/logger';
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { EventBridgeClient } from '@aws-sdk/client-eventbridge';
import { SFNClient } from '@aws-sdk/client-sfn';
import { SNSClient } from '@aws-sdk/client-sns';
import type { Addresses } from '../adapters/addresses.ts';
import { albTrafficRouter } from '../adapters/alb-traffic-router.ts';
import { BOUNDED, ONCE, withDeadline } from '../adapters/client.ts';
import { cloudwatchSignals } from '../adapters/cloudwatch-signals.ts';
import { dynamodbLedger } from '../adapters/dynamodb-ledger.ts';
import { ecrRegistry } from '../adapters/ecr-registry.ts';
import { ecsFleet } from '../adapters/ecs-fleet.ts';
import { sfnExecutions } from '../adapters/sfn-executions.ts';
import { snsNotifications } from '../adapters/sns-notifications.ts';
import { clock, deadline, notificationDeadline } from './deadline.ts';

const kept = <Made>(make: () => Made): (() => Made) => {
  let made: Made | undefined;
  return () => (made ??= make());
};

export const elb = /* @__PURE__ */ kept(() => withDeadline(new ElasticLoadBalancingV2Client(BOUNDED), deadline));
export const ecs = /* @__PURE__ */ kept(() => withDeadline(new ECSClient(BOUNDED), deadline));
export const scaling = /* @__PURE__ */ kept(() => withDeadline(new ApplicationAutoScalingClient(BOUNDED), deadline));
export const cloudwatch = /* @__PURE__ */ kept(() => withDeadline(new CloudWatchClient(BOUNDED), deadline));
export const dynamodb = /* @__PURE__ */ kept(() => ({
  again: withDeadline(new DynamoDBClient(BOUNDED), deadline),
  once: withDeadline(new DynamoDBClient(ONCE), deadline),
}));
export const ecr = /* @__PURE__ */ kept(() => withDeadline(new ECRClient(BOUNDED), deadline));
export const sfn = /* @__PURE__ */ kept(() => withDeadline(new SFNClient(BOUNDED), deadline));
export const messages = /* @__PURE__ */ kept(() => ({
  sns: withDeadline(new SNSClient(BOUNDED), notificationDeadline),
  events: withDeadline(new EventBridgeClient(BOUNDED), notificationDeadline),
}));
const logger = /* @__PURE__ */ kept(() => new Logger({ serviceName: 'sluice' }));

export const router = (at: Addresses) => albTrafficRouter(elb(), at, clock);
export const fleet = (at: Addresses) => ecsFleet({ ecs: ecs(), elb: elb(), scaling: scaling() }, at, clock);
export const signals = (at: Addresses) => cloudwatchSignals(cloudwatch(), at);
export const ledger = (at: Pick<Addresses, 'table' | 'service'>) => dynamodbLedger(dynamodb(), at);
export const registry = (at: Addresses) => ecrRegistry(ecr(), at);
export const executions = (at: Addresses) => sfnExecutions(sfn(), at);
export const notifications = (at: Addresses) =>
  snsNotifications(messages(), at, (error) => logger().warn('A notification was not sent', error as Error));
