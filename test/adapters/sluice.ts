/** The variable SLUICE of a service, as its stack writes it. */
import { GROUPS, LISTENER, LOAD_BALANCER } from './balancer.ts';

const rule = (name: string): string => `${LISTENER.replace(':listener/', ':listener-rule/')}/${name}`;

export const SLUICE = {
  service: 'conductores-backend',
  table: 'ledger',
  ruleArn: rule('weighted'),
  probe: { ruleArn: rule('probe'), url: 'http://api.example.com/health', header: 'x-sluice-probe', secret: 'guid' },
  targetGroups: GROUPS,
  loadBalancer: LOAD_BALANCER,
  cluster: 'main',
  services: { blue: 'app-blue', green: 'app-green' },
  families: { blue: 'app-blue', green: 'app-green', template: 'app-template' },
  container: 'backend',
  repository: { registry: '111111111111.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' },
  stateMachineArn: 'arn:aws:states:us-east-1:111111111111:stateMachine:sluice-conductores-backend',
  topicArn: 'arn:aws:sns:us-east-1:111111111111:notifications',
  eventBus: 'default',
  migration: { command: ['alembic', 'upgrade', 'head'], subnets: ['subnet-1'], securityGroups: ['sg-1'] },
  settings: {
    profile: 'production',
    policy: 'compare',
    onUnproven: 'ask',
    warmMinutes: 60,
    hasMigration: true,
    minimumTasks: 2,
    readyWithinSeconds: 600,
    migrateWithinSeconds: 1800,
  },
} as const;
