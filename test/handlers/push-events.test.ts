import { expect, test } from 'vitest';
import { pushEvent } from '../../functions/handlers/push-events.ts';

/** As AWS' documentation shows it. */
const EVENT = {
  version: '0',
  id: '13cde686-328b-6117-af20-0e5566167482',
  'detail-type': 'ECR Image Action',
  source: 'aws.ecr',
  account: '123456789012',
  time: '2019-11-16T01:54:34Z',
  region: 'us-west-2',
  resources: [],
  detail: {
    result: 'SUCCESS',
    'repository-name': 'my-repository-name',
    'image-digest': `sha256:${'7f5b2640fe6fb4f46592dfd3410c4a79dac4f89e4782432e0378abcd1234ab56'}`,
    'action-type': 'PUSH',
    'image-tag': 'v1.5.0',
  },
} as const;

test('a push of a tag is told in our words', () => {
  expect(pushEvent(EVENT)).toEqual({
    registry: { account: '123456789012', region: 'us-west-2' },
    repository: 'my-repository-name',
    tag: 'v1.5.0',
    digest: EVENT.detail['image-digest'],
    pushedAt: Date.UTC(2019, 10, 16, 1, 54, 34) / 1000,
  });
});

test.each<[what: string, event: unknown]>([
  ['a deletion', { ...EVENT, detail: { ...EVENT.detail, 'action-type': 'DELETE' } }],
  ['a push that failed', { ...EVENT, detail: { ...EVENT.detail, result: 'FAILURE' } }],
  ['a push without a tag', { ...EVENT, detail: { ...EVENT.detail, 'image-tag': undefined } }],
  ['a scan', { ...EVENT, 'detail-type': 'ECR Image Scan' }],
  ['nothing', undefined],
])('%s is no push', (_, event) => {
  expect(pushEvent(event)).toBeUndefined();
});
