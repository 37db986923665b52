/**
 * The plan's infrastructure, which services stand on. Read it as the diagram in docs/architecture.md: each line is a box,
 * and the names of what it is given are the arrows. Names and sizes are platform/infra/core-settings.ts's.
 */
import { CfnOutput, Fn, Stack, type StackProps } from 'aws-cdk-lib';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import { PublicHostedZone } from 'aws-cdk-lib/aws-route53';
import type { Construct } from 'constructs';
import type { CodeFor } from '../../infra/constructs/bundled-function.ts';
import { Notifications } from '../../infra/constructs/notifications.ts';
import { type IdsFor, type Platform, published } from '../../infra/platform.ts';
import type { Settings } from '../../infra/settings.ts';
import { AccessLogs } from './constructs/access-logs.ts';
import { Backups } from './constructs/backups.ts';
import { Buckets } from './constructs/buckets.ts';
import { Cache } from './constructs/cache.ts';
import { Database } from './constructs/database.ts';
import { Domain } from './constructs/domain.ts';
import { ImageRepository } from './constructs/image-repository.ts';
import { Network } from './constructs/network.ts';
import { PipelineRole } from './constructs/pipeline-role.ts';
import { PublicLoadBalancer } from './constructs/public-load-balancer.ts';
import { Rotation } from './constructs/rotation.ts';
import type { RotationIds } from './constructs/rotation-ids.ts';
import { Secrets } from './constructs/secrets.ts';
import { Website } from './constructs/website.ts';
import { type Core, namesOf } from './core-settings.ts';

export interface CoreStackProps extends StackProps {
  readonly core: Core;
  readonly settings: Settings;
  readonly code: CodeFor;
}

/** What services stand on, and where the secrets are that change under them. */
export interface CorePlatform extends Platform {
  readonly rotation: RotationIds;
}

export class CoreStack extends Stack {
  readonly platform: IdsFor<CorePlatform>;

  constructor(scope: Construct, id: string, { core, settings, code, ...props }: CoreStackProps) {
    super(scope, id, props);
    const { services, mails, logDays: logRetention } = settings;
    const named = namesOf(core);
    const releases = services.map(({ name }) => name);

    const { bucket: accessLogs } = new AccessLogs(this, 'AccessLogs', { keptForDays: logRetention });
    const network = new Network(this, 'Network', {
      named: core.name,
      natGateways: core.natGateways,
      logsTo: accessLogs,
    });
    const inside = { standsIn: network };
    const buckets = new Buckets(this, 'Buckets', { called: core.name, named: named.buckets, logTo: accessLogs });
    const secrets = new Secrets(this, 'Secrets', { named: named.secrets, databaseUser: named.databaseUser });
    const database = new Database(this, 'Database', { runs: core.database, named, ...inside });
    const cache = new Cache(this, 'Cache', { runs: core.cache, named: named.cache, asks: secrets, ...inside });

    const domain = new Domain(this, 'Domain', { of: core.domain, named });
    const publicLoadBalancer = new PublicLoadBalancer(this, 'PublicDoor', {
      shows: domain.certificate,
      logsTo: accessLogs,
      ...inside,
    });
    const website = new Website(this, 'Website', {
      shows: buckets.frontend,
      answersTo: [core.domain.name, named.www],
      certificate: domain.websiteCertificate,
      asks: named.api,
      logsTo: accessLogs,
    });
    domain.leadTo({ website, publicLoadBalancer });

    const cluster = new Cluster(this, 'Cluster', {
      vpc: network.vpc,
      clusterName: named.cluster,
      containerInsightsV2: ContainerInsights.ENABLED,
    });
    const repositories = services.map(
      ({ name, repository }) => new ImageRepository(this, `Images-${name}`, { named: repository }).repository,
    );

    const notifications = new Notifications(this, 'Notices', { mailTo: mails });
    new Backups(this, 'Backups', {
      of: database,
      named,
      storageGb: core.database.storageGb,
      keepsIn: buckets.backups,
      logsInWith: secrets,
      runsOn: cluster,
      notifications: notifications,
      logRetention,
      ...inside,
    });
    const rotation: RotationIds = {
      ...named.secrets,
      admin: database.adminSecretArn,
      database: {
        host: database.instance.dbInstanceEndpointAddress,
        port: database.port,
        database: named.databaseName,
        tls: true,
      },
      cache: { replicationGroup: named.cache, host: cache.host, port: cache.port, tls: true },
    };
    new Rotation(this, 'Rotation', {
      changes: secrets,
      at: rotation,
      readBy: releases,
      after: [database, cache, network],
      notifications: notifications,
      code,
      logRetention,
      ...inside,
    });
    if (core.github) {
      const { role } = new PipelineRole(this, 'Pipeline', {
        trusts: core.github,
        releases,
        pushesTo: repositories,
        publishes: buckets.frontend,
        through: website.distribution,
      });
      this.tell({ AwsRoleArn: role.roleArn });
    }

    this.tell({
      FrontendBucket: named.buckets.frontend,
      CloudfrontDistributionId: website.distribution.distributionId,
      HealthUrl: `https://${named.api}/health`,
      // The registrar must know them before the certificates are made.
      ...(domain.zone instanceof PublicHostedZone
        ? { NameServers: Fn.join(' ', domain.zone.hostedZoneNameServers ?? []) }
        : {}),
    });
    this.platform = published<CorePlatform>(this, {
      foundation: {
        vpcId: network.vpc.vpcId,
        subnetIds: network.vpc.privateSubnets.map(({ subnetId }) => subnetId),
        assignPublicIp: false,
        taskSecurityGroupIds: [network.dataClients.securityGroupId],
        loadBalancerArn: publicLoadBalancer.loadBalancer.loadBalancerArn,
        loadBalancerSecurityGroupId: publicLoadBalancer.group.securityGroupId,
        listenerArn: publicLoadBalancer.listener.listenerArn,
        url: `https://${named.api}`,
        clusterName: named.cluster,
      },
      tells: {
        DATABASE_HOST: rotation.database.host,
        DATABASE_PORT: String(rotation.database.port),
        DATABASE_NAME: rotation.database.database,
        // Without its password, which is a secret.
        REDIS_URL: `rediss://${rotation.cache.host}:${rotation.cache.port}`,
        DOCUMENTS_BUCKET: named.buckets.documents,
      },
      rotation,
    });
  }

  /** For people, and the variables of the workflows; nothing imports them. */
  private tell(values: Readonly<Record<string, string>>): void {
    for (const [name, value] of Object.entries(values)) new CfnOutput(this, name, { value });
  }
}
