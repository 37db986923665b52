import { Tags, Validations } from 'aws-cdk-lib';
import { Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import { CfnReplicationGroup, CfnSubnetGroup } from 'aws-cdk-lib/aws-elasticache';
import { Construct } from 'constructs';
import type { Cache as CacheSettings } from '../core-settings.ts';
import type { Network } from './network.ts';
import type { Secrets } from './secrets.ts';

export interface CacheProps {
  readonly runs: CacheSettings;
  readonly named: string;
  readonly standsIn: Network;
  readonly asks: Secrets;
}

/** The plan's Redis: a replication group, since a plain cluster knows no password. */
export class Cache extends Construct {
  readonly group: CfnReplicationGroup;
  readonly port = 6379;

  constructor(scope: Construct, id: string, { runs, named, standsIn: { vpc, dataClients }, asks }: CacheProps) {
    super(scope, id);
    const securityGroup = new SecurityGroup(this, 'Door', { vpc, description: 'The cache', allowAllOutbound: false });
    securityGroup.addIngressRule(dataClients, Port.tcp(this.port), 'from whoever may reach the data');
    const subnets = new CfnSubnetGroup(this, 'Subnets', {
      description: 'The private subnets',
      cacheSubnetGroupName: named,
      subnetIds: vpc.privateSubnets.map(({ subnetId }) => subnetId),
    });
    this.group = new CfnReplicationGroup(this, 'Group', {
      replicationGroupId: named,
      replicationGroupDescription: named,
      engine: 'redis',
      engineVersion: runs.version,
      cacheNodeType: runs.node,
      numCacheClusters: runs.nodes,
      automaticFailoverEnabled: true,
      multiAzEnabled: true,
      cacheParameterGroupName: 'default.redis7',
      cacheSubnetGroupName: subnets.ref,
      securityGroupIds: [securityGroup.securityGroupId],
      port: this.port,
      transitEncryptionEnabled: true,
      atRestEncryptionEnabled: true,
      // Whatever is current when the group is made; from then on rotation changes it there.
      authToken: asks.app.secretValueFromJson('REDIS_PASSWORD').unsafeUnwrap(),
    });
    Tags.of(this.group).add('Name', named);
    Validations.of(this.group).acknowledge({
      id: 'AwsSolutions-AEC5',
      reason: 'another port hides nothing; only one security group reaches it',
    });
  }

  get host(): string {
    return this.group.attrPrimaryEndPointAddress;
  }
}
