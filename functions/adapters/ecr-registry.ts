/** The service's own ECR repository. */
import { DescribeImagesCommand, type ECRClient, type ImageDetail } from '@aws-sdk/client-ecr';
import { isImage } from '../core/image.ts';
import type { Image, Registry } from '../ports/registry.ts';
import type { Addresses } from './addresses.ts';
import { isCalled } from './failures.ts';

export function ecrRegistry(
  ecr: Pick<ECRClient, 'send'>,
  { repository: { registry, name } }: Pick<Addresses, 'repository'>,
): Registry {
  const repository = { registryId: registry.split('.')[0]!, repositoryName: name };
  return {
    async resolve(reference) {
      const imageId = reference.startsWith('sha256:') ? { imageDigest: reference } : { imageTag: reference };
      try {
        const { imageDetails } = await ecr.send(new DescribeImagesCommand({ ...repository, imageIds: [imageId] }));
        return imageDetails?.[0] && imageOf(imageDetails[0]);
      } catch (error) {
        if (isCalled(error, 'ImageNotFound')) return undefined;
        throw error;
      }
    },

    async newest() {
      let newest: (Image & { readonly tag: string }) | undefined;
      let nextToken: string | undefined;
      do {
        const page = await ecr.send(
          new DescribeImagesCommand({ ...repository, filter: { tagStatus: 'TAGGED' }, nextToken }),
        );
        for (const detail of page.imageDetails ?? []) {
          const image = imageOf(detail);
          const tag = detail.imageTags?.find(isImage);
          if (image && tag && image.pushedAt > (newest?.pushedAt ?? 0)) newest = { ...image, tag };
        }
        nextToken = page.nextToken;
      } while (nextToken);
      return newest;
    },
  };
}

/** An image that was archived cannot be pulled, so it is none. */
function imageOf({ imageDigest, imagePushedAt, imageStatus }: ImageDetail): Image | undefined {
  if (!imageDigest || (imageStatus !== undefined && imageStatus !== 'ACTIVE')) return undefined;
  return { digest: imageDigest, pushedAt: (imagePushedAt?.getTime() ?? 0) / 1000 };
}
