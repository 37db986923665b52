import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Repository, TagMutability, TagStatus } from 'aws-cdk-lib/aws-ecr';
import { Construct } from 'constructs';

export interface ImageRepositoryProps {
  readonly named: string;
}

/**
 * The images of a service. A tag never moves, and only what has no tag is ever cleared away: a digest that is live, or
 * that a rollback may want, was pushed under a release tag and stays.
 */
export class ImageRepository extends Construct {
  readonly repository: Repository;

  constructor(scope: Construct, id: string, { named }: ImageRepositoryProps) {
    super(scope, id);
    this.repository = new Repository(this, 'Repository', {
      repositoryName: named,
      imageTagMutability: TagMutability.IMMUTABLE,
      imageScanOnPush: true,
      lifecycleRules: [
        {
          description: 'what no release can be made of',
          tagStatus: TagStatus.UNTAGGED,
          maxImageAge: Duration.days(14),
        },
      ],
      removalPolicy: RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
    });
  }
}
