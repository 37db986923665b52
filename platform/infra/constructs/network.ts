import { Tags } from 'aws-cdk-lib';
import {
  FlowLogDestination,
  GatewayVpcEndpointAwsService,
  IpAddresses,
  SecurityGroup,
  type SubnetConfiguration,
  SubnetType,
  Vpc,
} from 'aws-cdk-lib/aws-ec2';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface NetworkProps {
  readonly named: string;
  readonly natGateways: number;
  readonly logsTo: IBucket;
}

/** Room that the plan leaves between public and private: 10.0.2 to 10.0.9, a group in two zones each. */
const RESERVED: readonly SubnetConfiguration[] = [1, 2, 3, 4].map((group) => ({
  name: `Reserved${group}`,
  subnetType: SubnetType.PRIVATE_ISOLATED,
  cidrMask: 24,
  reserved: true,
}));

/** The plan's network: 10.0.0 and 10.0.1 are public, 10.0.10 and 10.0.11 private, in two zones. */
export class Network extends Construct {
  readonly vpc: Vpc;
  /** Whoever is in it may reach the database and the cache. */
  readonly dataClients: SecurityGroup;

  constructor(scope: Construct, id: string, { named, natGateways, logsTo }: NetworkProps) {
    super(scope, id);
    this.vpc = new Vpc(this, 'Vpc', {
      vpcName: `${named}-vpc`,
      ipAddresses: IpAddresses.cidr('10.0.0.0/16'),
      maxAzs: 2,
      natGateways,
      subnetConfiguration: [
        { name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24, mapPublicIpOnLaunch: false },
        ...RESERVED,
        { name: 'Private', subnetType: SubnetType.PRIVATE_WITH_EGRESS, cidrMask: 24 },
      ],
      // Free, and the layers of ECR's images come through it instead of the NAT gateway.
      gatewayEndpoints: { S3: { service: GatewayVpcEndpointAwsService.S3 } },
      flowLogs: { All: { destination: FlowLogDestination.toS3(logsTo, 'network') } },
    });
    const { publicSubnets, privateSubnets } = this.vpc;
    for (const [kind, subnets] of Object.entries({ public: publicSubnets, private: privateSubnets }))
      for (const [index, subnet] of subnets.entries()) Tags.of(subnet).add('Name', `${named}-${kind}-${index}`);
    this.dataClients = new SecurityGroup(this, 'DataClients', {
      vpc: this.vpc,
      description: 'May reach the database and the cache',
    });
  }
}
