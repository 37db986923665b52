/** The ports as a person's command has them: everything to read, the ledger and executions to write; no rule, no tasks. */
import { ApplicationAutoScalingClient } from '@aws-sdk/client-application-auto-scaling';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { CloudWatchClient } from '@aws-sdk/client-cloudwatch';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { ECRClient } from '@aws-sdk/client-ecr';
import { ECSClient } from '@aws-sdk/client-ecs';
import { ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { SFNClient } from '@aws-sdk/client-sfn';
import { albReading } from './alb-traffic-router.ts';
import { BOUNDED, ONCE, withDeadline } from './client.ts';
import { cloudwatchSignals } from './cloudwatch-signals.ts';
import { dynamodbLedger } from './dynamodb-ledger.ts';
import { ecrRegistry } from './ecr-registry.ts';
import { ecsFleet } from './ecs-fleet.ts';
import { sfnExecutions } from './sfn-executions.ts';
import { sfnHistories } from './sfn-histories.ts';
import { describedBy } from './stack-outputs.ts';
import { systemClock } from './system-clock.ts';

/** Credentials, and the region unless it is given, are found as every AWS tool finds them. Undefined: no such stack. */
export async function outsidePorts({ service, region }: { readonly service: string; readonly region?: string }) {
  const place = region === undefined ? {} : { region };
  const again = { ...BOUNDED, ...place };
  const at = await describedBy(withDeadline(new CloudFormationClient(again)), service);
  if (!at) return undefined;
  const elb = withDeadline(new ElasticLoadBalancingV2Client(again));
  const sfn = withDeadline(new SFNClient(again));
  const dynamodb = {
    again: withDeadline(new DynamoDBClient(again)),
    once: withDeadline(new DynamoDBClient({ ...ONCE, ...place })),
  };
  const ecs = withDeadline(new ECSClient(again));
  const scaling = withDeadline(new ApplicationAutoScalingClient(again));
  const { observe, health } = ecsFleet({ ecs, elb, scaling }, at, systemClock);
  return {
    at,
    router: albReading(elb, at),
    fleet: { observe, health },
    signals: cloudwatchSignals(withDeadline(new CloudWatchClient(again)), at),
    ledger: dynamodbLedger(dynamodb, at),
    registry: ecrRegistry(withDeadline(new ECRClient(again)), at),
    executions: sfnExecutions(sfn, at),
    histories: sfnHistories(sfn, at),
    clock: systemClock,
  };
}

/** The region that is asked when none is given; undefined when nobody says one. */
export const usualRegion = (): Promise<string | undefined> =>
  new CloudFormationClient({}).config.region().catch(() => undefined);
