import { ECRClient } from '@aws-sdk/client-ecr';
import { expect, test } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { ecrRegistry } from '../../functions/adapters/ecr-registry.ts';
import { Stuck } from '../../functions/core/failures.ts';
import { type Answers, answering, PLACE, refusal } from './answering.ts';

const REPOSITORY = { registry: '111111111111.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' };
const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 5, 14, minute));
const IMAGES = [
  { imageDigest: 'sha256:1', imageTags: ['v1.4.1'], imagePushedAt: at(1) },
  { imageDigest: 'sha256:2', imageTags: ['latest', 'v1.4.2'], imagePushedAt: at(2), imageStatus: 'ACTIVE' },
  { imageDigest: 'sha256:3', imageTags: ['buildcache'], imagePushedAt: at(3) },
  { imageDigest: 'sha256:4', imageTags: ['v1.3.0'], imagePushedAt: at(4), imageStatus: 'ARCHIVED' },
];

interface Asked {
  readonly registryId: string;
  readonly repositoryName: string;
  readonly imageIds?: readonly [{ readonly imageTag?: string; readonly imageDigest?: string }];
  readonly nextToken?: string;
}

const registryOver = (answers: Answers) =>
  ecrRegistry(answering(withDeadline(new ECRClient(PLACE)), answers), { repository: REPOSITORY });

const registry = registryOver({
  DescribeImages: ({ registryId, repositoryName, imageIds, nextToken }: Asked) => {
    if (registryId !== '111111111111' || repositoryName !== REPOSITORY.name)
      throw refusal('RepositoryNotFoundException');
    if (!imageIds) {
      const from = Number(nextToken ?? 0);
      return { imageDetails: IMAGES.slice(from, from + 2), ...(from === 0 ? { nextToken: '2' } : {}) };
    }
    const [{ imageTag, imageDigest }] = imageIds;
    const found = IMAGES.find((image) => image.imageDigest === imageDigest || image.imageTags.includes(imageTag ?? ''));
    if (!found) throw refusal('ImageNotFoundException');
    return { imageDetails: [found] };
  },
});

test('an image is found by tag and by digest', async () => {
  const image = { digest: 'sha256:2', pushedAt: at(2).getTime() / 1000 };
  expect(await registry.resolve('v1.4.2')).toEqual(image);
  expect(await registry.resolve('sha256:2')).toEqual(image);
});

test('an image that is not there, or was archived, is none', async () => {
  expect(await registry.resolve('v9')).toBeUndefined();
  expect(await registry.resolve('v1.3.0')).toBeUndefined();
});

test('the newest release tag is the one that was pushed last, over all pages', async () => {
  expect(await registry.newest()).toEqual({ digest: 'sha256:2', pushedAt: at(2).getTime() / 1000, tag: 'v1.4.2' });
});

test('a repository that is not there needs a person', async () => {
  const nowhere = registryOver({
    DescribeImages: () => {
      throw refusal('RepositoryNotFoundException');
    },
  });
  await expect(nowhere.resolve('v1.4.2')).rejects.toThrow(Stuck);
});
