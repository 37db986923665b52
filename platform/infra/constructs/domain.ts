import { RemovalPolicy } from 'aws-cdk-lib';
import { Certificate, CertificateValidation, type ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import { AaaaRecord, ARecord, type IHostedZone, PublicHostedZone, RecordTarget } from 'aws-cdk-lib/aws-route53';
import { CloudFrontTarget, LoadBalancerTarget } from 'aws-cdk-lib/aws-route53-targets';
import { Construct } from 'constructs';
import type { Core, Names } from '../core-settings.ts';
import type { PublicLoadBalancer } from './public-load-balancer.ts';
import type { Website } from './website.ts';

export interface DomainProps {
  readonly of: Core['domain'];
  readonly named: Names;
}

/** The names under which the public finds us, and the certificates for them. */
export class Domain extends Construct {
  readonly zone: IHostedZone;
  readonly certificate: ICertificate;
  /** CloudFront takes one of us-east-1 only. */
  readonly websiteCertificate: ICertificate;
  private readonly named: Names;

  constructor(scope: Construct, id: string, { of: { name, zoneId, websiteCertificateArn }, named }: DomainProps) {
    super(scope, id);
    this.named = named;
    this.zone = zoneId
      ? PublicHostedZone.fromHostedZoneAttributes(this, 'Zone', { hostedZoneId: zoneId, zoneName: name })
      : new PublicHostedZone(this, 'Zone', { zoneName: name });
    // A zone that is made anew has other name servers: the domain would be gone until the registrar knows them. Also one of a
    // first deploy that failed stays: it holds what validates the certificate, so that it could not be deleted; zoneId takes it.
    if (!zoneId) this.zone.applyRemovalPolicy(RemovalPolicy.RETAIN);
    this.certificate = new Certificate(this, 'Certificate', {
      domainName: name,
      subjectAlternativeNames: [named.www, named.api],
      validation: CertificateValidation.fromDns(this.zone),
    });
    this.websiteCertificate = websiteCertificateArn
      ? Certificate.fromCertificateArn(this, 'WebsiteCertificate', websiteCertificateArn)
      : this.certificate;
  }

  leadTo({
    website,
    publicLoadBalancer,
  }: {
    readonly website: Website;
    readonly publicLoadBalancer: PublicLoadBalancer;
  }): void {
    const { zone } = this;
    const site = RecordTarget.fromAlias(new CloudFrontTarget(website.distribution));
    for (const [title, recordName] of [
      ['Site', zone.zoneName],
      ['Www', this.named.www],
    ] as const) {
      new ARecord(this, title, { zone, recordName, target: site });
      new AaaaRecord(this, `${title}V6`, { zone, recordName, target: site });
    }
    const api = RecordTarget.fromAlias(new LoadBalancerTarget(publicLoadBalancer.loadBalancer));
    new ARecord(this, 'Api', { zone, recordName: this.named.api, target: api });
  }
}
