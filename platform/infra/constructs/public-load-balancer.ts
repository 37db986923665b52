import { Validations } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { Peer, Port, SecurityGroup } from 'aws-cdk-lib/aws-ec2';
import {
  ApplicationListener,
  ApplicationLoadBalancer,
  ApplicationProtocol,
  ListenerAction,
  SslPolicy,
} from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Network } from './network.ts';

export interface PublicLoadBalancerProps {
  readonly standsIn: Network;
  readonly shows: ICertificate;
  readonly logsTo: IBucket;
}

/** The load balancer. What no rule of a service wants is answered here; the rules come with the releases stacks. */
export class PublicLoadBalancer extends Construct {
  readonly loadBalancer: ApplicationLoadBalancer;
  readonly listener: ApplicationListener;
  readonly group: SecurityGroup;

  constructor(scope: Construct, id: string, { standsIn: { vpc }, shows, logsTo }: PublicLoadBalancerProps) {
    super(scope, id);
    this.group = new SecurityGroup(this, 'Group', { vpc, description: 'The load balancer' });
    this.group.addIngressRule(Peer.anyIpv4(), Port.tcp(443), 'anybody');
    this.group.addIngressRule(Peer.anyIpv4(), Port.tcp(80), 'anybody, to be sent to HTTPS');
    Validations.of(this.group).acknowledge({
      id: 'AwsSolutions-EC23',
      reason: 'a public service is open to the public',
    });
    this.loadBalancer = new ApplicationLoadBalancer(this, 'LoadBalancer', {
      vpc,
      internetFacing: true,
      vpcSubnets: { subnets: vpc.publicSubnets },
      securityGroup: this.group,
      dropInvalidHeaderFields: true,
    });
    this.loadBalancer.logAccessLogs(logsTo, 'load-balancer');
    this.listener = new ApplicationListener(this, 'Listener', {
      loadBalancer: this.loadBalancer,
      port: 443,
      protocol: ApplicationProtocol.HTTPS,
      certificates: [shows],
      sslPolicy: SslPolicy.RECOMMENDED_TLS,
      open: false,
      defaultAction: ListenerAction.fixedResponse(503, {
        contentType: 'text/plain',
        messageBody: 'nothing lives here',
      }),
    });
    new ApplicationListener(this, 'Http', {
      loadBalancer: this.loadBalancer,
      port: 80,
      protocol: ApplicationProtocol.HTTP,
      open: false,
      defaultAction: ListenerAction.redirect({ protocol: 'HTTPS', port: '443', permanent: true }),
    });
  }
}
