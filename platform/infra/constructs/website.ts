import { Validations } from 'aws-cdk-lib';
import type { ICertificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  ResponseHeadersPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';

export interface WebsiteProps {
  readonly shows: Bucket;
  readonly answersTo: readonly string[];
  readonly certificate: ICertificate;
  /** The host that answers `/api/*`. */
  readonly asks: string;
  readonly logsTo: Bucket;
}

/** A page of the application has no dot in its path: the application itself is sent, and shows that page. */
const TO_THE_APPLICATION = `function handler(event) {
  var request = event.request;
  if (request.uri.indexOf('.') < 0) request.uri = '/index.html';
  return request;
}`;

/** CloudFront: the frontend from its bucket, which nobody else may read, and `/api/*` from the load balancer, never cached. */
export class Website extends Construct {
  readonly distribution: Distribution;

  constructor(scope: Construct, id: string, { shows, answersTo, certificate, asks, logsTo }: WebsiteProps) {
    super(scope, id);
    const toTheApplication = new EdgeFunction(this, 'ToTheApplication', {
      code: FunctionCode.fromInline(TO_THE_APPLICATION),
      runtime: FunctionRuntime.JS_2_0,
    });
    this.distribution = new Distribution(this, 'Distribution', {
      domainNames: [...answersTo],
      certificate,
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      httpVersion: HttpVersion.HTTP2_AND_3,
      defaultRootObject: 'index.html',
      defaultBehavior: {
        origin: S3BucketOrigin.withOriginAccessControl(shows),
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: ResponseHeadersPolicy.SECURITY_HEADERS,
        functionAssociations: [{ eventType: FunctionEventType.VIEWER_REQUEST, function: toTheApplication }],
      },
      additionalBehaviors: {
        '/api/*': {
          origin: new HttpOrigin(asks, { protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY }),
          viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
          allowedMethods: AllowedMethods.ALLOW_ALL,
          cachePolicy: CachePolicy.CACHING_DISABLED,
          // Without the viewer's Host: the load balancer's certificate is for its own name.
          originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
        },
      },
      enableLogging: true,
      logBucket: logsTo,
      logFilePrefix: 'website/',
    });
    Validations.of(this.distribution).acknowledge(
      { id: 'AwsSolutions-CFR1', reason: 'the requirements bar no country' },
      { id: 'AwsSolutions-CFR2', reason: 'the requirements have no firewall; docs/security.md says when to add one' },
    );
  }
}
