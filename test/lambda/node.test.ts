import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { ofType, stacksOf, templateOf, trial } from '../infra/fixture.ts';
import { LAMBDA_NODE, lambdaNode } from './node.ts';

const node = lambdaNode();

test('our Lambdas ask for the line of Node that the tests run their bundles with', () => {
  const lambdas = stacksOf(trial).releases.flatMap((stack) => ofType(templateOf(stack), 'AWS::Lambda::Function'));
  const ours = lambdas.filter(({ Properties }) => Properties.Architectures?.[0] === 'arm64');
  expect(new Set(ours.map(({ Properties }) => Properties.Runtime))).toEqual(new Set([`nodejs${LAMBDA_NODE}.x`]));
});

describe.skipIf(!node)('the program that runs the bundles', () => {
  test('is of that line, whatever Node runs the tests', () => {
    expect(execFileSync(node!, ['--version'], { encoding: 'utf8' })).toMatch(new RegExp(`^v${LAMBDA_NODE}\\.`));
  });
});
