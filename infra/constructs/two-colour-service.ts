/**
 * The service, twice: a target group, an ECS service and a scaling policy per colour, and the template that developers
 * edit. CloudFormation holds the shape and nothing that a release moves: no weight, no revision, no number of tasks.
 */
import { Annotations, Duration, Fn, RemovalPolicy, Stack, Validations } from 'aws-cdk-lib';
import { type ISecurityGroup, type ISubnet, type IVpc, Port, SecurityGroup, Subnet, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Repository } from 'aws-cdk-lib/aws-ecr';
import {
  type CfnService,
  Cluster,
  ContainerImage,
  CpuArchitecture,
  Secret as EcsSecret,
  FargateService,
  FargateTaskDefinition,
  LogDrivers,
  OperatingSystemFamily,
} from 'aws-cdk-lib/aws-ecs';
import { ApplicationProtocol, ApplicationTargetGroup, TargetType } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { type IRole, Role } from 'aws-cdk-lib/aws-iam';
import { LogGroup, type RetentionDays } from 'aws-cdk-lib/aws-logs';
import { Bucket } from 'aws-cdk-lib/aws-s3';
import { type ISecret, Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import { COLOURS, type Colour } from '../../functions/core/roles.ts';
import type { Foundation, Service } from '../settings.ts';
import { everywhere, type Permission, roleFor } from './permission.ts';

export interface TwoColourServiceProps {
  readonly settings: Service;
  readonly foundation: Foundation;
  readonly logRetention: RetentionDays;
}

type NamedSecret = readonly [variable: string, secret: ISecret, field: string | undefined];

export type PerColour<Thing> = Readonly<Record<Colour, Thing>>;

export const perColour = <Thing>(make: (colour: Colour) => Thing): PerColour<Thing> =>
  Object.fromEntries(COLOURS.map((colour) => [colour, make(colour)])) as Record<Colour, Thing>;

export class TwoColourService extends Construct {
  readonly settings: Service;
  readonly foundation: Foundation;
  /** Task families: one a colour, which only the controller registers into, and the template's. */
  readonly families: PerColour<string> & { readonly template: string };
  readonly names: PerColour<string>;
  readonly targetGroups: PerColour<ApplicationTargetGroup>;
  readonly services: PerColour<FargateService>;
  readonly template: FargateTaskDefinition;
  readonly repository: ReturnType<typeof Repository.fromRepositoryName>;
  readonly executionRole: Role;
  readonly clusterArn: string;
  readonly logs: LogGroup;
  /** The tasks' own group. */
  readonly tasks: ISecurityGroup;

  constructor(scope: Construct, id: string, { settings, foundation, logRetention }: TwoColourServiceProps) {
    super(scope, id);
    const { name, container } = settings;
    this.settings = settings;
    this.foundation = foundation;
    this.names = perColour((colour) => `${name}-${colour}`);
    this.families = { ...this.names, template: `${name}-template` };
    this.clusterArn = Stack.of(this).formatArn({
      service: 'ecs',
      resource: 'cluster',
      resourceName: foundation.clusterName,
    });
    this.repository = Repository.fromRepositoryName(this, 'Repository', settings.repository);
    this.logs = new LogGroup(this, 'Logs', {
      logGroupName: `/ecs/${name}`,
      retention: logRetention,
      removalPolicy: RemovalPolicy.DESTROY,
    });

    const vpc = Vpc.fromVpcAttributes(this, 'Vpc', {
      vpcId: foundation.vpcId,
      availabilityZones: [Fn.select(0, Fn.getAzs()), Fn.select(1, Fn.getAzs())],
    });
    this.tasks = this.groupOfTheTasks(vpc);
    this.targetGroups = perColour((colour) => this.targetGroup(colour, vpc));

    const secrets = this.secrets();
    this.executionRole = roleFor(this, 'ExecutionRole', {
      isOf: 'ecs-tasks',
      who: 'the start of a task',
      may: {
        LogIn: { actions: ['ecr:GetAuthorizationToken'], resources: everywhere, why: 'to pull from the registry' },
        PullImage: {
          actions: ['ecr:BatchCheckLayerAvailability', 'ecr:BatchGetImage', 'ecr:GetDownloadUrlForLayer'],
          resources: [this.repository.repositoryArn],
          why: "the service's images",
        },
        WriteLogs: {
          actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
          resources: [this.logs.logGroupArn],
          why: "the tasks' output",
        },
        ...(secrets.length > 0 ? { ReadSecrets: readSecrets(secrets) } : {}),
      },
    });
    this.template = this.templateFor(secrets);

    const cluster = Cluster.fromClusterAttributes(this, 'Cluster', { clusterName: foundation.clusterName, vpc });
    const subnets = foundation.subnetIds.map((subnetId, index) => this.subnet(subnetId, index));
    const moreGroups = foundation.taskSecurityGroupIds.map((groupId, index) =>
      SecurityGroup.fromSecurityGroupId(this, `Group${index}`, groupId, { mutable: false }),
    );
    this.services = perColour((colour) => {
      const service = new FargateService(this, titled(colour), {
        serviceName: this.names[colour],
        cluster,
        taskDefinition: this.template,
        // No desiredCount: then CloudFormation leaves the number of tasks as it is.
        minHealthyPercent: 100,
        maxHealthyPercent: 200,
        // ECS' own rollback would put an older image on the colour while the controller believes that it runs the new one.
        circuitBreaker: { enable: true, rollback: false },
        healthCheckGracePeriod: Duration.seconds(container.graceSeconds),
        assignPublicIp: foundation.assignPublicIp,
        vpcSubnets: { subnets },
        securityGroups: [this.tasks, ...moreGroups],
      });
      // Its rights too, or the first tasks fail to start.
      service.node.addDependency(this.executionRole);
      service.attachToApplicationTargetGroup(this.targetGroups[colour]);
      // A bare family means its newest revision, and only the controller registers into it: an update of the service
      // that CloudFormation makes for another reason keeps the revision that runs.
      (service.node.defaultChild as CfnService).taskDefinition = this.families[colour];
      service
        .autoScaleTaskCount({ minCapacity: settings.scaling.minimum, maxCapacity: settings.scaling.maximum })
        .scaleOnCpuUtilization('Cpu', { targetUtilizationPercent: settings.scaling.cpuPercent });
      return service;
    });
  }

  /** A service can only be created when its family has a revision and its group stands in a rule. */
  startsAfter(...first: readonly Construct[]): void {
    for (const colour of COLOURS) this.services[colour].node.addDependency(...first);
  }

  private subnet(subnetId: string, index: number): ISubnet {
    const subnet = Subnet.fromSubnetId(this, `Subnet${index}`, subnetId);
    // Nobody asks for its routes here.
    Annotations.of(subnet).acknowledgeWarning('@aws-cdk/aws-ec2:noSubnetRouteTableId');
    return subnet;
  }

  private groupOfTheTasks(vpc: IVpc): SecurityGroup {
    const group = new SecurityGroup(this, 'Tasks', {
      vpc,
      description: `Tasks of ${this.settings.name}, both colours`,
    });
    const loadBalancer = SecurityGroup.fromSecurityGroupId(
      this,
      'LoadBalancer',
      this.foundation.loadBalancerSecurityGroupId,
      { mutable: false },
    );
    group.addIngressRule(loadBalancer, Port.tcp(this.settings.container.port), 'from the load balancer');
    return group;
  }

  private targetGroup(colour: Colour, vpc: IVpc): ApplicationTargetGroup {
    const { port, healthPath } = this.settings.container;
    return new ApplicationTargetGroup(this, `${titled(colour)}Targets`, {
      vpc,
      port,
      protocol: ApplicationProtocol.HTTP,
      targetType: TargetType.IP,
      // The seed's health check: every 30 s, 5 s patience, out after 3.
      healthCheck: {
        path: healthPath,
        interval: Duration.seconds(30),
        timeout: Duration.seconds(5),
        unhealthyThresholdCount: 3,
        healthyThresholdCount: 2,
      },
      // Longer than a request may take; the default of 300 s makes every exchange of tasks wait.
      deregistrationDelay: Duration.seconds(60),
    });
  }

  private secrets(): readonly NamedSecret[] {
    return Object.entries(this.settings.secrets).map(([variable, { secret, field }]) => [
      variable,
      Secret.fromSecretNameV2(this, `Secret${variable}`, secret),
      field,
    ]);
  }

  /** Undefined: CDK makes one that may do nothing. */
  private taskRole(): IRole | undefined {
    const { taskRoleArn, buckets: names } = this.settings;
    if (taskRoleArn) return Role.fromRoleArn(this, 'TaskRole', taskRoleArn, { mutable: false });
    if (names.length === 0) return undefined;
    const buckets = names.map((name) => Bucket.fromBucketName(this, `Bucket-${name}`, name));
    return roleFor(this, 'TaskRole', {
      isOf: 'ecs-tasks',
      who: 'a task',
      may: {
        FindObjects: {
          actions: ['s3:ListBucket'],
          resources: buckets.map(({ bucketArn }) => bucketArn),
          why: 'what is in the buckets of the settings',
        },
        UseObjects: {
          actions: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'],
          resources: buckets.map((bucket) => bucket.arnForObjects('*')),
          why: 'reads and writes there',
          wide: 'the application names its objects; the bucket is named',
        },
      },
    });
  }

  /** What developers edit. Its image never runs: a release puts its digest there. */
  private templateFor(secrets: readonly NamedSecret[]): FargateTaskDefinition {
    const { container, environment } = this.settings;
    const taskRole = this.taskRole();
    const template = new FargateTaskDefinition(this, 'Template', {
      family: this.families.template,
      cpu: container.cpu,
      memoryLimitMiB: container.memory,
      runtimePlatform: {
        cpuArchitecture: CpuArchitecture.of(container.architecture),
        operatingSystemFamily: OperatingSystemFamily.LINUX,
      },
      executionRole: this.executionRole.withoutPolicyUpdates(),
      ...(taskRole ? { taskRole } : {}),
    });
    template.addContainer('Container', {
      containerName: container.name,
      image: ContainerImage.fromRegistry(`${this.repository.repositoryUri}:template`),
      portMappings: [{ containerPort: container.port }],
      environment: { ...environment },
      secrets: Object.fromEntries(
        secrets.map(([variable, secret, field]) => [variable, EcsSecret.fromSecretsManager(secret, field)]),
      ),
      logging: LogDrivers.awsLogs({ logGroup: this.logs, streamPrefix: 'ecs' }),
    });
    if (Object.keys(environment).length > 0)
      Validations.of(template).acknowledge({
        id: 'AwsSolutions-ECS2',
        reason: 'what stands in the environment is no secret; secrets come from Secrets Manager',
      });
    return template;
  }
}

const titled = (colour: Colour): string => `${colour.charAt(0).toUpperCase()}${colour.slice(1)}`;

const readSecrets = (secrets: readonly NamedSecret[]): Permission => ({
  actions: ['secretsmanager:GetSecretValue'],
  // Secrets Manager puts six letters of its own behind the name.
  resources: secrets.map(([, { secretArn }]) => `${secretArn}-??????`),
  why: 'what the container is given at its start',
});
