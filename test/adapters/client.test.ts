import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { DescribeServicesCommand, ECSClient } from '@aws-sdk/client-ecs';
import { DescribeRulesCommand, ElasticLoadBalancingV2Client } from '@aws-sdk/client-elastic-load-balancing-v2';
import { afterEach, expect, test } from 'vitest';
import { BOUNDED, CALLS_BEGIN_WITHIN_MS, ONCE, withDeadline } from '../../functions/adapters/client.ts';
import { isCalled } from '../../functions/adapters/failures.ts';
import { Stuck, Transient } from '../../functions/core/failures.ts';
import { PLACE } from './answering.ts';

let server: Server | undefined;
afterEach(() => server?.closeAllConnections());
afterEach(() => server?.close());

/** An AWS on this machine that says so to whoever asks. */
async function endpoint(answer: RequestListener): Promise<string> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('a rule that is not there is Stuck, in the load balancer’s own XML [F31]', async () => {
  const body = `<ErrorResponse xmlns="http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"><Error><Type>Sender</Type><Code>RuleNotFound</Code><Message>One or more rules not found</Message></Error><RequestId>1</RequestId></ErrorResponse>`;
  const url = await endpoint((_, answer) => answer.writeHead(400, { 'content-type': 'text/xml' }).end(body));
  const elb = withDeadline(new ElasticLoadBalancingV2Client({ ...PLACE, ...BOUNDED, endpoint: url }));
  const error = await elb.send(new DescribeRulesCommand({ RuleArns: ['x'] })).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Stuck);
  expect(isCalled(error, 'RuleNotFound')).toBe(true);
});

test('a throttled call is tried three times, then it is Transient [F27]', async () => {
  let asked = 0;
  const url = await endpoint((_, answer) => {
    asked += 1;
    // Without our care the SDK would wait as long as this says.
    answer.writeHead(400, { 'content-type': 'application/x-amz-json-1.1', 'retry-after': '4' });
    answer.end(JSON.stringify({ __type: 'ThrottlingException', message: 'Rate exceeded' }));
  });
  const ecs = withDeadline(new ECSClient({ ...PLACE, ...BOUNDED, endpoint: url }));
  const began = Date.now();
  await expect(ecs.send(new DescribeServicesCommand({ services: ['x'] }))).rejects.toThrow(Transient);
  expect(asked).toBe(3);
  expect(Date.now() - began).toBeLessThan(4000);
});

test('an answer that does not come is waited for 2.5 s', { timeout: 20_000 }, async () => {
  const url = await endpoint(() => {});
  const dynamodb = withDeadline(new DynamoDBClient({ ...PLACE, ...ONCE, endpoint: url }));
  const began = Date.now();
  const read = dynamodb.send(new GetItemCommand({ TableName: 't', Key: { pk: { S: 'x' } } }));
  await expect(read).rejects.toThrow(Transient);
  expect(Date.now() - began).toBeLessThan(4500);
});

test('a connection that breaks is Transient', async () => {
  const url = await endpoint((request) => request.socket.destroy());
  const ecs = withDeadline(new ECSClient({ ...PLACE, ...ONCE, endpoint: url }));
  await expect(ecs.send(new DescribeServicesCommand({ services: ['x'] }))).rejects.toThrow(Transient);
});

test('no call begins when an invocation has no time left for it', async () => {
  let asked = 0;
  const url = await endpoint((_, answer) => {
    asked += 1;
    answer.writeHead(200, { 'content-type': 'application/x-amz-json-1.1' }).end('{}');
  });
  const deadline = { lastCallAt: Date.now() + CALLS_BEGIN_WITHIN_MS };
  const ecs = withDeadline(new ECSClient({ ...PLACE, ...BOUNDED, endpoint: url }), deadline);
  await ecs.send(new DescribeServicesCommand({ services: ['x'] }));
  deadline.lastCallAt = Date.now() - 1;
  await expect(ecs.send(new DescribeServicesCommand({ services: ['x'] }))).rejects.toThrow(
    /DescribeServices was not begun/,
  );
  expect(asked).toBe(1);
});
