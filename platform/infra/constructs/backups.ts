import { Duration, RemovalPolicy, Validations } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import {
  type Cluster,
  ContainerDependencyCondition,
  ContainerImage,
  Secret as EcsSecret,
  FargateTaskDefinition,
  LogDrivers,
} from 'aws-cdk-lib/aws-ecs';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LogGroup, ResourcePolicy, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Notifications } from '../../../infra/constructs/notifications.ts';
import { roleFor } from '../../../infra/constructs/permission.ts';
import { BACKUP_FOLDER, DUMP, UPLOAD } from '../backup.ts';
import type { Names } from '../core-settings.ts';
import type { Database } from './database.ts';
import type { Network } from './network.ts';
import type { Secrets } from './secrets.ts';

export interface BackupsProps {
  readonly of: Database;
  readonly named: Names;
  readonly storageGb: number;
  readonly keepsIn: Bucket;
  readonly logsInWith: Secrets;
  readonly runsOn: Cluster;
  readonly standsIn: Network;
  readonly notifications: Notifications;
  readonly logRetention: RetentionDays;
}

/** 02:00 UTC: before RDS takes its own snapshot. */
const NIGHTLY = Schedule.cron({ minute: '0', hour: '2' });

// Official images; both are in ECR Public, which asks for no login. A tag of the second is a version of the AWS CLI.
const POSTGRES_TOOLS = 'public.ecr.aws/docker/library/postgres:15';
const AWS_CLI = 'public.ecr.aws/aws-cli/aws-cli:2.27.0';

/** What Fargate gives a task to write on: 21 to 200 GiB. */
const roomFor = (gigabytes: number): number => Math.min(200, Math.max(21, gigabytes));

const HOURS_WITHOUT_BACKUP = 26;

/** Every night a dump of the database into the bucket, and a page when none came for 26 hours. */
export class Backups extends Construct {
  readonly task: FargateTaskDefinition;
  readonly alarm: Alarm;

  constructor(scope: Construct, id: string, props: BackupsProps) {
    super(scope, id);
    this.task = this.dumpAndUpload(props);
    this.everyNight(props);
    this.alarm = this.alarmWithout(props);
  }

  private dumpAndUpload({ of, named, storageGb, keepsIn, logsInWith, logRetention }: BackupsProps) {
    const logs = new LogGroup(this, 'Logs', {
      logGroupName: `/ecs/${named.database}-backup`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    const task = new FargateTaskDefinition(this, 'Task', {
      family: `${named.database}-backup`,
      cpu: 1024,
      memoryLimitMiB: 2048,
      ephemeralStorageGiB: roomFor(storageGb),
      executionRole: roleFor(this, 'ExecutionRole', {
        isOf: 'ecs-tasks',
        who: 'the start of a backup',
        may: {
          WriteLogs: {
            actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
            resources: [logs.logGroupArn],
            why: 'what the tools say',
          },
          ReadSecret: {
            actions: ['secretsmanager:GetSecretValue'],
            resources: [logsInWith.app.secretArn],
            why: "the database's user and password",
          },
        },
      }).withoutPolicyUpdates(),
      taskRole: roleFor(this, 'TaskRole', {
        isOf: 'ecs-tasks',
        who: 'a backup',
        may: {
          Upload: {
            actions: ['s3:AbortMultipartUpload', 's3:PutObject'],
            resources: [keepsIn.arnForObjects('*')],
            why: "the night's dump; it can neither read nor delete another",
            wide: 'each night has a key of its own; the bucket is named',
          },
        },
      }).withoutPolicyUpdates(),
    });
    task.addVolume({ name: 'backup' });
    const container = (name: string, image: string, [program, ...words]: readonly string[], more: object) => {
      const made = task.addContainer(name, {
        image: ContainerImage.fromRegistry(image),
        entryPoint: [program!],
        command: words,
        logging: LogDrivers.awsLogs({ logGroup: logs, streamPrefix: 'backup' }),
        ...more,
      });
      made.addMountPoints({ containerPath: BACKUP_FOLDER, sourceVolume: 'backup', readOnly: false });
      return made;
    };
    const dump = container('dump', POSTGRES_TOOLS, DUMP, {
      essential: false,
      environment: {
        PGHOST: of.instance.dbInstanceEndpointAddress,
        PGPORT: String(of.port),
        PGDATABASE: named.databaseName,
        PGSSLMODE: 'require',
        BACKUP_FOLDER,
      },
      secrets: {
        PGUSER: EcsSecret.fromSecretsManager(logsInWith.app, 'DATABASE_USER'),
        PGPASSWORD: EcsSecret.fromSecretsManager(logsInWith.app, 'DATABASE_PASSWORD'),
      },
    });
    const upload = container('upload', AWS_CLI, UPLOAD, {
      environment: { BACKUP_BUCKET: keepsIn.bucketName, BACKUP_FOLDER },
    });
    upload.addContainerDependencies({ container: dump, condition: ContainerDependencyCondition.SUCCESS });
    Validations.of(task).acknowledge({
      id: 'AwsSolutions-ECS2',
      reason: 'what stands in the environment is no secret; user and password come from Secrets Manager',
    });
    return task;
  }

  private everyNight({ runsOn, standsIn: { vpc, dataClients } }: BackupsProps): void {
    const { taskDefinitionArn, executionRole, taskRole } = this.task;
    const role = roleFor(this, 'StartRole', {
      isOf: 'events',
      who: 'the nightly schedule',
      may: {
        RunBackup: { actions: ['ecs:RunTask'], resources: [taskDefinitionArn], why: 'starts the backup' },
        PassTaskRoles: {
          actions: ['iam:PassRole'],
          resources: [executionRole!.roleArn, taskRole.roleArn],
          why: 'the task runs under these',
          when: { StringEquals: { 'iam:PassedToService': 'ecs-tasks.amazonaws.com' } },
        },
      },
    });
    new Rule(this, 'Nightly', {
      description: 'A dump of the database, every night',
      schedule: NIGHTLY,
      targets: [
        {
          bind: () => ({
            arn: runsOn.clusterArn,
            role,
            ecsParameters: {
              taskDefinitionArn,
              launchType: 'FARGATE',
              networkConfiguration: {
                awsVpcConfiguration: {
                  subnets: vpc.privateSubnets.map(({ subnetId }) => subnetId),
                  securityGroups: [dataClients.securityGroupId],
                },
              },
            },
          }),
        },
      ],
    });
  }

  /** Looks at what arrived in the bucket, not at what the task said of itself. */
  private alarmWithout({ named, keepsIn, notifications, logRetention }: BackupsProps): Alarm {
    const journal = new LogGroup(this, 'Journal', {
      logGroupName: `/aws/events/${named.database}-backups`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
    new ResourcePolicy(this, 'JournalPolicy', {
      policyStatements: [
        new PolicyStatement({
          principals: [
            new ServicePrincipal('events.amazonaws.com'),
            new ServicePrincipal('delivery.logs.amazonaws.com'),
          ],
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: [journal.logGroupArn],
        }),
      ],
    });
    const arrived = new Rule(this, 'Arrived', {
      description: 'A dump arrived in the bucket',
      eventPattern: {
        source: ['aws.s3'],
        detailType: ['Object Created'],
        detail: {
          bucket: { name: [keepsIn.bucketName] },
          object: { key: [{ suffix: '.dump' }], size: [{ numeric: ['>', 0] }] },
        },
      },
      targets: [{ bind: () => ({ arn: journal.logGroupArn }) }],
    });
    const alarm = new Alarm(this, 'NoBackup', {
      alarmDescription: `no dump of the database came for ${HOURS_WITHOUT_BACKUP} hours; docs/runbook.md, "Backups"`,
      metric: new Metric({
        namespace: 'AWS/Events',
        metricName: 'Invocations',
        dimensionsMap: { RuleName: arrived.ruleName },
        statistic: 'Sum',
        period: Duration.hours(1),
      }),
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      evaluationPeriods: HOURS_WITHOUT_BACKUP,
      treatMissingData: TreatMissingData.BREACHING,
    });
    alarm.addAlarmAction(new SnsAction(notifications.topic));
    return alarm;
  }
}
