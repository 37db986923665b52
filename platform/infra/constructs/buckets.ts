import { Duration, RemovalPolicy, Tags } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type CfnBucket, StorageClass } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import type { Names } from '../core-settings.ts';

export interface BucketsProps {
  readonly called: string;
  readonly named: Names['buckets'];
  readonly logTo: Bucket;
}

/**
 * The plan's three buckets: private, over TLS only, and there to stay when the stack goes. Backups have versions: whoever
 * may write one could otherwise write over another.
 */
export class Buckets extends Construct {
  readonly frontend: Bucket;
  readonly documents: Bucket;
  readonly backups: Bucket;

  constructor(scope: Construct, id: string, { called, named, logTo }: BucketsProps) {
    super(scope, id);
    const bucket = (title: keyof BucketsProps['named']): Bucket => {
      const made = new Bucket(this, `${title.charAt(0).toUpperCase()}${title.slice(1)}`, {
        bucketName: named[title],
        blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
        enforceSSL: true,
        encryption: BucketEncryption.S3_MANAGED,
        versioned: title === 'backups',
        serverAccessLogsBucket: logTo,
        serverAccessLogsPrefix: `${title}/`,
        removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
      });
      Tags.of(made).add('Name', `${called}-${title}`);
      return made;
    };
    this.frontend = bucket('frontend');
    this.documents = bucket('documents');
    this.backups = bucket('backups');
    this.backups.addLifecycleRule({
      transitions: [
        { storageClass: StorageClass.INFREQUENT_ACCESS, transitionAfter: Duration.days(30) },
        { storageClass: StorageClass.GLACIER, transitionAfter: Duration.days(90) },
      ],
    });
    // What arrives is told to EventBridge. The construct's own way brings a Lambda along for this one line.
    (this.backups.node.defaultChild as CfnBucket).notificationConfiguration = {
      eventBridgeConfiguration: { eventBridgeEnabled: true },
    };
  }
}
