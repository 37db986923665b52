import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import type { Distribution } from 'aws-cdk-lib/aws-cloudfront';
import type { IRepository } from 'aws-cdk-lib/aws-ecr';
import { OidcProviderNative, type Role, WebIdentityPrincipal } from 'aws-cdk-lib/aws-iam';
import type { IBucket } from 'aws-cdk-lib/aws-s3';
import { Construct } from 'constructs';
import { everywhere, roleFor } from '../../../infra/constructs/permission.ts';
import type { Github } from '../core-settings.ts';

export interface PipelineRoleProps {
  readonly trusts: Github;
  /** The services' names. */
  readonly releases: readonly string[];
  readonly pushesTo: readonly IRepository[];
  readonly publishes: IBucket;
  readonly through: Distribution;
}

const ISSUER = 'token.actions.githubusercontent.com';

/** As long as the longest job of deploy.yml, which follows a held release. */
const LONGEST_JOB = Duration.hours(6);

/**
 * How GitHub names the repository in a job's token. One that was made, renamed or moved since 15 July 2026 has the numbers of
 * owner and repository behind their names, others only if they chose so (GitHub's changelog of 23 April 2026). No name
 * holds an `@`, so that whatever its numbers are, `*` admits no other name.
 */
const subjectsOf = (repository: string): readonly string[] =>
  repository.includes('@') ? [repository] : [repository, `${repository.replace('/', '@*/')}@*`];

/** What GitHub's jobs may do, for as long as a job runs; there is no key. Releasing itself is the controller's. */
export class PipelineRole extends Construct {
  readonly role: Role;

  constructor(scope: Construct, id: string, { trusts, releases, pushesTo, publishes, through }: PipelineRoleProps) {
    super(scope, id);
    const stack = Stack.of(this);
    const arn = (service: string, resource: string, resourceName: string): string =>
      stack.formatArn({ service, resource, resourceName, arnFormat: ArnFormat.COLON_RESOURCE_NAME });
    const provider =
      trusts.providerArn ??
      new OidcProviderNative(this, 'Provider', { url: `https://${ISSUER}`, clientIds: ['sts.amazonaws.com'] })
        .oidcProviderArn;
    const anyRelease = "an execution's name is not known before it starts; the machine is named";
    this.role = roleFor(this, 'Role', {
      isOf: new WebIdentityPrincipal(provider, {
        StringEquals: { [`${ISSUER}:aud`]: 'sts.amazonaws.com' },
        StringLike: {
          [`${ISSUER}:sub`]: subjectsOf(trusts.repository).map(
            (one) => `repo:${one}:environment:${trusts.environment}`,
          ),
        },
      }),
      who: 'GitHub',
      lasts: LONGEST_JOB,
      may: {
        LogIn: { actions: ['ecr:GetAuthorizationToken'], resources: everywhere, why: 'to push to the registry' },
        PushImage: {
          actions: [
            'ecr:BatchCheckLayerAvailability',
            'ecr:BatchGetImage',
            'ecr:CompleteLayerUpload',
            'ecr:DescribeImages',
            'ecr:InitiateLayerUpload',
            'ecr:PutImage',
            'ecr:UploadLayerPart',
          ],
          resources: pushesTo.map(({ repositoryArn }) => repositoryArn),
          why: 'a pushed release tag is what starts a release (scripts/ci/push.sh)',
        },
        StartRelease: {
          actions: ['states:ListExecutions', 'states:StartExecution'],
          resources: releases.map((name) => arn('states', 'stateMachine', `sluice-${name}`)),
          why: 'a rollback, and to find the release that a push began (scripts/ci/rollback.sh, follow.sh)',
        },
        FollowRelease: {
          actions: ['states:DescribeExecution', 'states:GetExecutionHistory'],
          resources: releases.map((name) => arn('states', 'execution', `sluice-${name}:*`)),
          why: 'a job is as red or green as the release (scripts/ci/follow.sh)',
          wide: anyRelease,
        },
        Migrate: {
          actions: ['lambda:InvokeFunction'],
          resources: releases.map((name) => arn('lambda', 'function', `sluice-${name}-migrate`)),
          why: 'a migration without a release (scripts/ci/migrate.sh)',
        },
        ListFrontend: {
          actions: ['s3:ListBucket'],
          resources: [publishes.bucketArn],
          why: 'sync compares before it uploads (scripts/ci/frontend.sh)',
        },
        WriteFrontend: {
          actions: ['s3:PutObject'],
          resources: [publishes.arnForObjects('*')],
          why: 'the files of the frontend; none is deleted',
          wide: "a build names its files; the frontend's bucket is named",
        },
        Invalidate: {
          actions: ['cloudfront:CreateInvalidation'],
          resources: [through.distributionArn],
          why: 'a new index.html is seen at once',
        },
      },
    });
  }
}
