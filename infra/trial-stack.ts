import { CfnOutput, RemovalPolicy, Stack, type StackProps, Validations } from 'aws-cdk-lib';
import { Peer, Port, SecurityGroup, SubnetType, Vpc } from 'aws-cdk-lib/aws-ec2';
import { Repository, TagMutability } from 'aws-cdk-lib/aws-ecr';
import { Cluster, ContainerInsights } from 'aws-cdk-lib/aws-ecs';
import {
  ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ListenerAction,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { Construct } from 'constructs';
import { type IdsFor, type Platform, published } from './platform.ts';
import type { Service } from './settings.ts';

export interface TrialStackProps extends StackProps {
  readonly services: readonly Service[];
}

/** The least that a service can stand on: two public subnets, a load balancer over HTTP, a cluster, a repository each. */
export class TrialStack extends Stack {
  readonly platform: IdsFor<Platform>;

  constructor(scope: Construct, id: string, { services, ...props }: TrialStackProps) {
    super(scope, id, props);
    const vpc = new Vpc(this, 'Vpc', {
      maxAzs: 2,
      natGateways: 0,
      subnetConfiguration: [{ name: 'Public', subnetType: SubnetType.PUBLIC, cidrMask: 24 }],
    });
    Validations.of(vpc).acknowledge({
      id: 'AwsSolutions-VPC7',
      reason: 'a trial is thrown away; nobody would read its flow log',
    });

    const securityGroup = new SecurityGroup(this, 'Doors', { vpc, description: 'The load balancer of the trial' });
    securityGroup.addIngressRule(Peer.anyIpv4(), Port.tcp(80), 'anybody, over HTTP');
    Validations.of(securityGroup).acknowledge({
      id: 'AwsSolutions-EC23',
      reason: 'a public service is open to the public',
    });

    const loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing: true,
      securityGroup,
      dropInvalidHeaderFields: true,
    });
    Validations.of(loadBalancer).acknowledge({
      id: 'AwsSolutions-ELB2',
      reason: 'a trial is thrown away; the controller judges by metrics, not by access logs',
    });
    // What no rule of a service wants is answered here; the rules come with the releases stacks.
    const listener = new ApplicationListener(this, 'Listener', {
      loadBalancer,
      port: 80,
      protocol: ApplicationProtocol.HTTP,
      open: false,
      defaultAction: ListenerAction.fixedResponse(503, {
        contentType: 'text/plain',
        messageBody: 'nothing lives here',
      }),
    });
    const cluster = new Cluster(this, 'Cluster', { vpc, containerInsightsV2: ContainerInsights.ENABLED });
    for (const { name, repository } of services) {
      new Repository(this, `Repository-${name}`, {
        repositoryName: repository,
        imageTagMutability: TagMutability.IMMUTABLE,
        imageScanOnPush: true,
        emptyOnDelete: true,
        removalPolicy: RemovalPolicy.DESTROY,
      });
    }
    new CfnOutput(this, 'Url', { value: `http://${loadBalancer.loadBalancerDnsName}` });

    const foundation = {
      vpcId: vpc.vpcId,
      subnetIds: vpc.publicSubnets.map(({ subnetId }) => subnetId),
      assignPublicIp: true,
      taskSecurityGroupIds: [],
      loadBalancerArn: loadBalancer.loadBalancerArn,
      loadBalancerSecurityGroupId: securityGroup.securityGroupId,
      listenerArn: listener.listenerArn,
      url: `http://${loadBalancer.loadBalancerDnsName}`,
      clusterName: cluster.clusterName,
    };
    this.platform = published<Platform>(this, { foundation, tells: {} });
  }
}
