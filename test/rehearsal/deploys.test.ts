/** A deploy of the stacks while a release runs: the rule's own handler, in the rehearsal's world, at any moment of it. */
import { beforeEach, expect, test } from 'vitest';
import { elb } from '../../functions/handlers/ports.ts';
import { handler } from '../../functions/handlers/weighted-rule.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import type { World } from '../../rehearsal/world.ts';
import { answering, type Call, PLACE } from '../adapters/answering.ts';
import { Balancer, forwardTo, GROUPS, LISTENER } from '../adapters/balancer.ts';
import { RULE, StackResource } from '../handlers/cloudformation.ts';
import { shortRehearsal } from './rehearsals.ts';

process.env['AWS_REGION'] = PLACE.region;
process.env['POWERTOOLS_LOG_LEVEL'] = 'SILENT';

let balancer: Balancer;
let calls: Call[];
let rule: StackResource;
let deployed: number;

beforeEach(async () => {
  balancer = new Balancer();
  calls = [];
  deployed = 0;
  answering(elb(), balancer.answers, calls);
  rule = new StackResource(handler as never);
  balancer.add(LISTENER, 100, [forwardTo({ [GROUPS.blue]: 100, [GROUPS.green]: 0 })], []);
  await rule.create(RULE);
});

/** Each of the seconds sees a whole deploy; time waits for it. Weights that it sends arrive in the rehearsal's world. */
const deploysAt =
  (seconds: readonly number[], fails: boolean): NonNullable<RehearsalOptions['sabotage']> =>
  (functions, world: World) => {
    const start = world.clock.now();
    world.clock.pace = async (second) => {
      if (!seconds.includes(Math.round(second - start))) return;
      calls.length = 0;
      const answers = await rule.update({ ...RULE, PathPatterns: [`/api/${second}/*`] }, { fails });
      expect(answers.map(({ Status }) => Status)).not.toContain('FAILED');
      for (const { command, input } of calls) {
        if (command !== 'ModifyRule' || !input.Actions) continue;
        const groups = input.Actions[0].ForwardConfig.TargetGroups as { TargetGroupArn: string; Weight: number }[];
        const weightOf = (arn: string) => groups.find(({ TargetGroupArn }) => TargetGroupArn === arn)?.Weight ?? 0;
        const weights = { blue: weightOf(GROUPS.blue), green: weightOf(GROUPS.green) };
        void world.ports({ by: 'deploy' }).router.route(weights);
      }
      deployed += 1;
    };
    return functions;
  };

test.each([
  ['that succeeds', false],
  ['that is rolled back', true],
])('a deploy %s, every 50 seconds of a release, moves no user and rolls no task', async (_, fails) => {
  const seconds = Array.from({ length: 24 }, (__, index) => 5 + 50 * index);
  const [disturbed, undisturbed] = [
    await shortRehearsal({ sabotage: deploysAt(seconds, fails) }),
    await shortRehearsal(),
  ];
  expect(deployed).toBeGreaterThan(15);
  expect([disturbed.outcome, disturbed.violations]).toEqual(['promoted', []]);
  expect(disturbed.writes).toEqual(undisturbed.writes);
});
