import { beforeEach, describe, expect, test } from 'vitest';
import { dynamodb, elb } from '../../functions/handlers/ports.ts';
import { answering, refusal } from '../adapters/answering.ts';
import { groupArn } from '../adapters/balancer.ts';
import { RULE } from './cloudformation.ts';
import {
  actionsSent,
  balancer,
  calls,
  MOVED,
  NEW_GROUPS,
  releasing,
  rule,
  shift,
  statuses,
  weightsOf,
} from './rule-stage.ts';

/** An update of the stack whose last resource fails, with a release that goes on meanwhile. */
describe('a rollback in the middle of a release', () => {
  beforeEach(() => rule.create(RULE));

  test('after an update of conditions leaves the weights as they are', async () => {
    releasing(true);
    await shift(25);
    await rule.update({ ...RULE, PathPatterns: ['/api/*'] }, { fails: true, meanwhile: () => shift(50) });
    expect(weightsOf()).toEqual([50, 50]);
    expect(statuses()).not.toContain('FAILED');
  });

  test('after an update to another listener finds the rule that its release moves, and does not touch it', async () => {
    const first = rule.physicalId;
    const answers = await rule.update(MOVED, {
      fails: true,
      meanwhile: async () => {
        releasing(true);
        await shift(25, first);
      },
    });
    expect(answers.map(({ Status }) => Status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(rule.physicalId).toBe(first);
    expect(weightsOf()).toEqual([75, 25]);
    expect([...balancer.rules.keys()]).toEqual([first]);
  });

  test('after an update to other groups finds the old rule, in its old place', async () => {
    const first = rule.physicalId;
    const answers = await rule.update(NEW_GROUPS, {
      fails: true,
      meanwhile: async () => {
        releasing(true);
        await shift(50, first);
      },
    });
    expect(answers.map(({ Status }) => Status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(rule.physicalId).toBe(first);
    expect(weightsOf()).toEqual([50, 50]);
    expect(balancer.rules.get(first)?.Priority).toBe('100');
  });

  /** A whole release on the rule that the update made: green is stable when the rollback comes. */
  const releaseOnTheNewRule = async (first: string) => {
    const [made] = [...balancer.rules.keys()].filter((arn) => arn !== first);
    await shift(100, made);
    releasing(false, 'green');
    calls.length = 0;
  };

  test('after a whole release in between gives the rule that it finds again what is stable now', async () => {
    const first = rule.physicalId;
    await rule.update(MOVED, { fails: true, meanwhile: () => releaseOnTheNewRule(first) });
    expect(rule.physicalId).toBe(first);
    expect(weightsOf()).toEqual([0, 100]);
    expect(statuses()).not.toContain('FAILED');
  });

  test('to a rule that the releases in between did move, sends no weight', async () => {
    const first = rule.physicalId;
    const meanwhile = async () => {
      await shift(100, first);
      releasing(false, 'green');
      calls.length = 0;
    };
    await rule.update(MOVED, { fails: true, meanwhile });
    expect(weightsOf()).toEqual([0, 100]);
    expect(actionsSent()).toEqual([]);
  });

  test.each([
    ['whose ledger cannot be read', () => answering(dynamodb().again, {})],
    ['whose rule somebody gave a third group', () => balancer.give(rule.physicalId, { [groupArn('maria')]: 1 })],
  ])('%s does not fail; the reconciler puts users right', async (_, spoil) => {
    const first = rule.physicalId;
    const meanwhile = async () => {
      await releaseOnTheNewRule(first);
      spoil();
    };
    const answers = await rule.update(MOVED, { fails: true, meanwhile });
    expect(answers.map(({ Status }) => Status)).toEqual(['SUCCESS', 'SUCCESS']);
    expect(rule.physicalId).toBe(first);
    expect(actionsSent()).toEqual([]);
  });

  test('is not failed by a load balancer that is busy for a moment', async () => {
    releasing(true);
    let busy = 0;
    answering(elb(), {
      ...balancer.answers,
      ModifyRule: (asked: never) => {
        if (busy++ < 1) throw refusal('ThrottlingException');
        return balancer.answers['ModifyRule']!(asked);
      },
    });
    await rule.update({ ...RULE, PathPatterns: ['/api/*'] }, { fails: true });
    expect(statuses()).not.toContain('FAILED');
  });
});
