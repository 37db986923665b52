import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, test } from 'vitest';
import { startLoad } from '../../../rehearsal/live/load.ts';
import { sleep } from './sample.ts';

const servers: Server[] = [];
afterAll(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

test.concurrent('every planned request is sent and answered, at the planned rate', async () => {
  let arrived = 0;
  const port = await listen((_, response) => {
    arrived++;
    response.end();
  });
  const begun = performance.now();
  const load = startLoad({ port, perSecond: 400 });
  await sleep(1000);
  const counts = await load.stop();
  expect(Math.abs(counts.planned / ((performance.now() - begun) / 1000) - 400)).toBeLessThan(40);
  expect(counts).toMatchObject({ sent: counts.planned, answered: counts.planned, failed: 0, unanswered: 0 });
  expect(arrived).toBe(counts.planned);
});

test.concurrent('nothing is sent before its time', async () => {
  const port = await listen((_, response) => response.end());
  const load = startLoad({ port, perSecond: 100, startAt: performance.now() + 60_000 });
  await sleep(50);
  expect(await load.stop()).toEqual({ planned: 0, sent: 0, answered: 0, failed: 0, unanswered: 0 });
});

test.concurrent('slow answers do not slow the load down', async () => {
  const port = await listen((_, response) => setTimeout(() => response.end(), 400));
  const load = startLoad({ port, perSecond: 200 });
  await sleep(300);
  const { planned, sent, answered } = load.counts();
  expect(answered).toBe(0);
  expect(sent).toBeGreaterThan(30);
  expect(planned - sent).toBeLessThan(10);
  await load.stop();
});

test.concurrent('a stall is felt by every request that was due in it', async () => {
  let stallUntil = 0;
  const port = await listen((_, response) =>
    setTimeout(() => response.end(), Math.max(0, stallUntil - performance.now())),
  );
  const load = startLoad({ port, perSecond: 100 });
  await sleep(200);
  stallUntil = performance.now() + 400;
  await sleep(600);
  const { latencyMs } = await load.stop();
  expect(latencyMs!.longest).toBeGreaterThan(350);
  expect(latencyMs!.p95).toBeGreaterThan(200); // a generator that waits for each answer would have seen one slow request
});

test.concurrent('a 5xx is an answer that failed', async () => {
  const port = await listen((_, response) => response.writeHead(503).end());
  const load = startLoad({ port, perSecond: 100 });
  await sleep(100);
  const counts = await load.stop();
  expect(counts.planned).toBeGreaterThan(5);
  expect(counts).toMatchObject({ answered: counts.planned, failed: counts.planned, unanswered: 0 });
});

test.concurrent('a broken connection leaves its request unanswered, also in the middle of an answer', async () => {
  let turn = 0;
  const port = await listen((request, response) => {
    if (turn++ % 2 === 0) return request.socket.destroy();
    response.writeHead(200, { 'content-length': 10 }).write('half', () => request.socket.destroy());
  });
  const load = startLoad({ port, perSecond: 100 });
  await sleep(100);
  const counts = await load.stop();
  expect(counts.planned).toBeGreaterThan(5);
  expect(counts).toMatchObject({ answered: 0, unanswered: counts.planned });
});

test.concurrent('a request without an answer in five seconds is given up, and the load can end', async () => {
  const port = await listen(() => {});
  const begun = performance.now();
  const load = startLoad({ port, perSecond: 50 });
  await sleep(100);
  const counts = await load.stop();
  expect(counts).toMatchObject({ answered: 0, unanswered: counts.sent });
  expect(performance.now() - begun).toBeLessThan(6000);
});

test('a stall of the generator itself is counted from the planned times', async () => {
  const port = await listen((_, response) => response.end());
  const load = startLoad({ port, perSecond: 100 });
  await sleep(50);
  for (const blockedUntil = performance.now() + 300; performance.now() < blockedUntil; );
  await sleep(50);
  const counts = await load.stop();
  expect(counts.sent).toBe(counts.planned);
  expect(counts.latencyMs!.longest).toBeGreaterThan(250);
});
