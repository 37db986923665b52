import { CustomResource } from 'aws-cdk-lib';
import type { RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import { COLOURS } from '../../functions/core/roles.ts';
import type { CodeFor } from './bundled-function.ts';
import { ControllerFunction } from './controller-function.ts';
import type { TwoColourService } from './two-colour-service.ts';
import { ANSWER_WITHIN } from './weighted-rule.ts';

export interface TaskFamiliesProps {
  readonly service: TwoColourService;
  readonly code: CodeFor;
  readonly logRetention: RetentionDays;
}

/** Answers every request with 200; public, and small. */
const BOOTSTRAP_IMAGE = 'public.ecr.aws/docker/library/busybox:1.37';

/**
 * An ECS service needs a revision before there is an image to release. An empty family is given one that answers the
 * health check; a family that has revisions is left alone, so that CloudFormation can never add one to a live colour.
 */
export class TaskFamilies extends Construct {
  constructor(scope: Construct, id: string, { service, code, logRetention }: TaskFamiliesProps) {
    super(scope, id);
    const { settings, families, executionRole, template, logs } = service;
    const handler = new ControllerFunction(this, 'Handler', {
      handler: 'task-family',
      targets: { service },
      code,
      logRetention,
    });
    for (const colour of COLOURS) {
      new CustomResource(this, families[colour], {
        resourceType: 'Custom::TaskFamily',
        serviceToken: handler.lambda.functionArn,
        serviceTimeout: ANSWER_WITHIN,
        properties: {
          Family: families[colour],
          Image: BOOTSTRAP_IMAGE,
          ContainerName: settings.container.name,
          Port: settings.container.port,
          HealthPath: settings.container.healthPath,
          ExecutionRoleArn: executionRole.roleArn,
          TaskRoleArn: template.taskRole.roleArn,
          LogGroup: logs.logGroupName,
        },
      });
    }
  }
}
