/** What a later deploy may touch: the app is synthesised twice, and the templates are compared as `cdk diff` does. */
import type { CfnListener, CfnTargetGroup } from 'aws-cdk-lib/aws-elasticloadbalancingv2';
import { expect, test } from 'vitest';
import { COLOURS } from '../../functions/core/roles.ts';
import { differences } from './cdk-diff.ts';
import { attach, stacksOf, type TemplateJson, templateOf } from './fixture.ts';

type Edit = (stacks: ReturnType<typeof stacksOf>) => void;

const NOTHING: Edit = () => undefined;

const coreOf = ({ app }: ReturnType<typeof stacksOf>) =>
  app.node.tryFindChild('sluice-core') as Parameters<typeof templateOf>[0] | undefined;

function synthesised(raw: unknown, edit: Edit): { readonly releases: TemplateJson; readonly core?: TemplateJson } {
  const stacks = stacksOf(raw);
  edit(stacks);
  const releases = templateOf(stacks.releases[0]!);
  const core = coreOf(stacks);
  return core ? { releases, core: templateOf(core) } : { releases };
}

const service = (more: object) => ({ services: [more] });
const before = synthesised(service({}), NOTHING);

/** What becomes of each resource that is not the same, with its type. */
const changed = (from: TemplateJson | undefined, to: TemplateJson | undefined): readonly string[] =>
  [...differences(from, to).values()].map(({ type, becomes }) => `${becomes} ${type}`).toSorted();

const twice = (change: string): readonly string[] => [change, change];

/** Source: reference table of the ownership design (docs/decisions/0008-two-bare-services.md). */
const EDITS: readonly (readonly [
  what: string,
  raw: unknown,
  edit: Edit,
  releases: readonly string[],
  core: readonly string[],
])[] = [
  ['nothing', service({}), NOTHING, [], []],
  [
    'an environment variable changes the template, and no service [F06]',
    service({ environment: { LOG_LEVEL: 'debug' } }),
    NOTHING,
    ['replaced AWS::ECS::TaskDefinition'],
    [],
  ],
  [
    'a secret changes the template and the right to read it, and no service',
    service({ secrets: { SECRET_KEY: { secret: 'conductores/prod/app', field: 'SECRET_KEY' } } }),
    NOTHING,
    ['changed AWS::IAM::Policy', 'replaced AWS::ECS::TaskDefinition'],
    [],
  ],
  [
    'more memory changes the template, and no service',
    service({ container: { memory: 4096 } }),
    NOTHING,
    ['replaced AWS::ECS::TaskDefinition'],
    [],
  ],
  [
    'a longer grace period changes both services',
    service({ container: { graceSeconds: 90 } }),
    NOTHING,
    twice('changed AWS::ECS::Service'),
    [],
  ],
  [
    'a higher maximum changes both scalable targets',
    service({ scaling: { maximum: 12 } }),
    NOTHING,
    twice('changed AWS::ApplicationAutoScaling::ScalableTarget'),
    [],
  ],
  [
    'another priority changes both rules',
    service({ rule: { priority: 200 } }),
    NOTHING,
    ['changed Custom::ProbeRule', 'changed Custom::WeightedRule'],
    [],
  ],
  [
    'another protocol changes the listener in its place, and nothing of the releases',
    service({}),
    (stacks) => {
      const listener = coreOf(stacks)!.node.findChild('PublicDoor').node.findChild('Listener').node.defaultChild;
      (listener as CfnListener).protocol = 'HTTP';
    },
    [],
    ['changed AWS::ElasticLoadBalancingV2::Listener'],
  ],
  [
    'another port of the target groups replaces those; whoever names them follows by reference',
    service({}),
    ({ releases: [stack] }) => {
      for (const colour of COLOURS)
        (stack!.backend.targetGroups[colour].node.defaultChild as CfnTargetGroup).port = 8080;
    },
    twice('replaced AWS::ElasticLoadBalancingV2::TargetGroup'),
    [],
  ],
];

test.each(EDITS)('%s', (_, raw, edit, releases, core) => {
  const after = synthesised(raw, edit);
  expect(changed(before.releases, after.releases)).toEqual(releases);
  expect(changed(before.core, after.core)).toEqual(core);
});

test('whatever is edited, a service that changes still names its bare family and no number of tasks [F06]', () => {
  for (const [, raw, edit] of EDITS)
    for (const { Type, Properties } of Object.values(synthesised(raw, edit).releases.Resources))
      if (Type === 'AWS::ECS::Service') {
        expect(Properties.TaskDefinition).toMatch(/^conductores-backend-(blue|green)$/);
        expect(Properties).not.toHaveProperty('DesiredCount');
      }
});

test('another listener changes both rules, which move over with the weights that are live, and no right', () => {
  const elsewhere =
    'arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/shop/0123456789abcdef/0000000000000000';
  const { releases: old } = synthesised(attach, NOTHING);
  const foundation = { ...Object(attach['foundation']), listenerArn: elsewhere };
  const { releases } = synthesised({ ...attach, foundation }, NOTHING);
  expect(changed(old, releases)).toEqual(['changed Custom::ProbeRule', 'changed Custom::WeightedRule']);
});
