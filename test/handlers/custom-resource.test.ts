/** The answer to CloudFormation, on a way that fails at first. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CloudFormationCustomResourceEvent } from 'aws-lambda';
import { expect, test } from 'vitest';
import { customResource } from '../../functions/handlers/custom-resource.ts';

/** Carries a Create out; of its answers so many are refused with 503. What was put, and how the Lambda ended. */
async function answered(refused: number) {
  const bodies: string[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (part) => {
      body += part;
    });
    request.on('end', () => {
      bodies.push(body);
      response.statusCode = bodies.length <= refused ? 503 : 200;
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const event = {
    RequestType: 'Create',
    ResponseURL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    StackId: 'stack',
    RequestId: 'request',
    LogicalResourceId: 'Rule',
    ResourceType: 'Custom::Rule',
    ServiceToken: 'arn',
    ResourceProperties: { ServiceToken: 'arn' },
  } satisfies CloudFormationCustomResourceEvent;
  const ended = await customResource(async () => 'the-rule')(event, {} as never).then(
    () => 'well' as const,
    (error: Error) => error.message,
  );
  server.closeAllConnections();
  server.close();
  return { ended, bodies };
}

test.each([0, 1, 2])('is put until CloudFormation takes it: %i times refused', async (refused) => {
  const { ended, bodies } = await answered(refused);
  expect([ended, bodies.length]).toEqual(['well', refused + 1]);
  expect(JSON.parse(bodies.at(-1)!)).toMatchObject({ Status: 'SUCCESS', PhysicalResourceId: 'the-rule' });
});

test('refused three times it fails, so that Lambda calls it again', async () => {
  const { ended, bodies } = await answered(3);
  expect([ended, bodies.length]).toEqual(['CloudFormation did not take the answer: 503', 3]);
});
