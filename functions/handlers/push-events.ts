/**
 * What EventBridge tells of ECR, in the words of the push step. Source of the shape:
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
 */
import * as z from 'zod/mini';
import type { Push } from '../steps/shared/push.ts';

const pushed = z.object({
  'detail-type': z.literal('ECR Image Action'),
  account: z.string(),
  region: z.string(),
  time: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)))),
  detail: z.object({
    'action-type': z.literal('PUSH'),
    result: z.literal('SUCCESS'),
    'repository-name': z.string(),
    'image-tag': z.string(),
    'image-digest': z.string().check(z.regex(/^sha256:[0-9a-f]{64}$/)),
  }),
});

/** Undefined for an event that is no push of a tag. */
export function pushEvent(event: unknown): Push | undefined {
  const { data } = z.safeParse(pushed, event);
  if (!data) return undefined;
  const { account, region, time, detail } = data;
  return {
    registry: { account, region },
    repository: detail['repository-name'],
    tag: detail['image-tag'],
    digest: detail['image-digest'],
    pushedAt: Math.floor(Date.parse(time) / 1000),
  };
}
