import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseReleaseInput } from '../../functions/core/release.ts';
import { fixture, IMAGES } from '../steps/fixture.ts';
import { matches, transformed } from './event-pattern.ts';
import { idsOfType, ofType, pretended, stacksOf, templateOf } from './fixture.ts';

const template = templateOf(stacksOf({}).releases[0]!);
const [ruleId] = idsOfType(template, 'AWS::Events::Rule').filter((id) => id.startsWith('TriggersPush'));
const rule = template.Resources[ruleId!];
const [target] = rule?.Properties.Targets ?? [];
const { account, ...rest } = rule?.Properties.EventPattern ?? {};
const pattern = { ...rest, account: account.map((one: unknown) => pretended(template, one)) };
const repository = { registry: '123456789012.dkr.ecr.us-east-1.amazonaws.com', name: 'conductores-backend' };

const SHA = '0d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718293a';
const DIGEST = `sha256:${'7f5b'.repeat(16)}`;

/** As ECR sends it (https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html). */
const push = (detail: object = {}, envelope: object = {}) => ({
  version: '0',
  id: '13cde686-328b-6117-af20-0e5566167482',
  'detail-type': 'ECR Image Action',
  source: 'aws.ecr',
  account: '123456789012',
  time: '2026-11-24T01:54:34Z',
  region: 'us-east-1',
  resources: [],
  detail: {
    result: 'SUCCESS',
    'repository-name': 'conductores-backend',
    'image-digest': DIGEST,
    'action-type': 'PUSH',
    'image-tag': SHA,
    ...detail,
  },
  ...envelope,
});

const withoutTag = () => {
  const { 'image-tag': _, ...detail } = push().detail;
  return { ...push(), detail };
};

const isDelivered = (event: unknown): boolean => matches(pattern, event);
const opens = (event: unknown) => parseReleaseInput(transformed(target.InputTransformer, event), { repository });

const CORPUS: readonly (readonly [
  what: string,
  event: unknown,
  start: 'starts' | 'refused by Open' | 'not delivered',
])[] = [
  ['a commit sha', push(), 'starts'],
  ['a release tag', push({ 'image-tag': 'v1.2.3' }), 'starts'],
  ['the same push again: Open finds its digest in the ledger', push(), 'starts'],
  ['a late push: Open compares when it was pushed', push({}, { time: '2026-11-23T01:54:34Z' }), 'starts'],
  ['latest, beside the sha of the same push', push({ 'image-tag': 'latest' }), 'not delivered'],
  ['the tag of a build cache', push({ 'image-tag': 'buildcache' }), 'refused by Open'],
  ['a sha that is cut short', push({ 'image-tag': SHA.slice(0, 7) }), 'refused by Open'],
  ['a sha in capitals', push({ 'image-tag': SHA.toUpperCase().replace(/^0D/, 'DD') }), 'not delivered'],
  ['a branch', push({ 'image-tag': 'main' }), 'not delivered'],
  ['no tag', withoutTag(), 'not delivered'],
  ['an empty tag', push({ 'image-tag': '' }), 'not delivered'],
  ['a push that failed [F09]', push({ result: 'FAILURE' }), 'not delivered'],
  ['a deletion [F07]', push({ 'action-type': 'DELETE' }), 'not delivered'],
  ['another repository', push({ 'repository-name': 'conductores-backend-tools' }), 'not delivered'],
  ['another account [F08]', push({}, { account: '210987654321' }), 'not delivered'],
  [
    'a scan [F07]',
    push({ 'scan-status': 'COMPLETE', 'image-tags': [SHA] }, { 'detail-type': 'ECR Image Scan' }),
    'not delivered',
  ],
  [
    'a replicated image [F07]',
    push({ 'action-type': 'REPLICATE' }, { 'detail-type': 'ECR Replication Action' }),
    'not delivered',
  ],
  ['somebody else who speaks of pushes', push({}, { source: 'my.ci' }), 'not delivered'],
];

test.each(CORPUS)('%s', (_, event, start) => {
  expect(isDelivered(event)).toBe(start !== 'not delivered');
  if (start !== 'not delivered') expect(opens(event).ok).toBe(start === 'starts');
});

test('what starts is the tag that was pushed, when it was pushed, by a push [S373]', () => {
  expect(opens(push({ 'image-tag': 'v1.2.3' }))).toMatchObject({
    ok: true,
    request: {
      action: 'release',
      image: 'v1.2.3',
      source: 'push',
      pushedAt: Date.parse('2026-11-24T01:54:34Z') / 1000,
    },
  });
});

test('every release tag is delivered, and nothing that Open would accept is missed', () => {
  const hex = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 40, maxLength: 40 });
  const tag = fc.oneof(
    hex.map((digits) => digits.join('')),
    fc.stringMatching(/^v[\w.-]{1,40}$/),
    fc.stringMatching(/^[\w.-]{1,45}$/),
  );
  fc.assert(
    fc.property(tag, (written) => {
      const event = push({ 'image-tag': written });
      expect(!opens(event).ok || isDelivered(event)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('of a day of events, through pattern, transformer and Open, exactly one release starts, and the newest push waits', async () => {
  const it = await fixture({ minutes: 2 });
  const pushed = (tag: keyof typeof IMAGES, detail: object = {}) =>
    push(
      { 'image-tag': tag, 'image-digest': IMAGES[tag].digest, ...detail },
      { time: new Date(IMAGES[tag].pushedAt * 1000).toISOString() },
    );
  const day = [
    pushed('v1.5.0', { 'image-tag': 'latest' }),
    pushed('v1.4.1'),
    pushed('v1.5.0', { result: 'FAILURE' }),
    pushed('v1.5.0'),
    pushed('v1.5.0'),
    pushed('v1.5.0', { 'action-type': 'DELETE' }),
    pushed('v1.5.1'),
    { ...pushed('v1.5.1'), account: '210987654321' },
    pushed('v1.4.2'),
    withoutTag() as ReturnType<typeof push>,
  ];
  const ends: string[] = [];
  for (const [index, event] of day.entries()) {
    if (!isDelivered(event)) continue;
    const { verdict, summary } = await it.open(transformed(target.InputTransformer, event), `execution-${index}`);
    ends.push(`${event.detail['image-tag']} ${verdict === 'nothing' ? summary.split(':')[0] : verdict}`);
  }
  expect(ends).toEqual(['v1.4.1 stale', 'v1.5.0 opened', 'v1.5.0 duplicate', 'v1.5.1 queued', 'v1.4.2 already live']);
  const { lock, pending } = it.world.ledger.state;
  expect([lock?.owner, lock?.digest, pending?.digest]).toEqual([
    'execution-3',
    IMAGES['v1.5.0'].digest,
    IMAGES['v1.5.1'].digest,
  ]);
});

test('a push that cannot be delivered is tried for an hour at most, and then kept where an alarm sees it', () => {
  expect(target.RetryPolicy.MaximumEventAgeInSeconds).toBe(3600);
  const queue = target.DeadLetterConfig.Arn['Fn::GetAtt'][0];
  expect(template.Resources[queue]?.Type).toBe('AWS::SQS::Queue');
  const alarms = ofType(template, 'AWS::CloudWatch::Alarm').map(({ Properties }) => Properties);
  const [watch] = alarms.filter(
    ({ MetricName, Dimensions }) =>
      MetricName === 'ApproximateNumberOfMessagesVisible' && JSON.stringify(Dimensions).includes(queue),
  );
  expect([watch.Threshold, watch.ComparisonOperator, watch.AlarmActions.length]).toEqual([
    0,
    'GreaterThanThreshold',
    1,
  ]);
});
