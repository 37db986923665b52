import { Agent, get } from 'node:http';
import { randomLcg } from 'd3-random';
import { afterEach, expect, test } from 'vitest';
import type { Counts } from '../../../rehearsal/live/counts.ts';
import { startLoad } from '../../../rehearsal/live/load.ts';
import type { LiveTask } from '../../../rehearsal/live/processes.ts';
import { type LiveProxy, startProxy } from '../../../rehearsal/live/proxy.ts';
import { inZone, sleep, startSample } from './sample.ts';

const proxies: LiveProxy[] = [];
const tasks: LiveTask[] = [];

async function startSeededProxy(): Promise<LiveProxy> {
  const proxy = await startProxy({ chance: randomLcg(42) });
  proxies.push(proxy);
  return proxy;
}

async function startSamples(count: number, environment = {}): Promise<readonly LiveTask[]> {
  const samples = await Promise.all(Array.from({ length: count }, () => startSample(environment)));
  tasks.push(...samples);
  return samples;
}

afterEach(async () => {
  await Promise.all(proxies.splice(0).map((proxy) => proxy.close()));
  await Promise.all(tasks.splice(0).map((task) => task.stop()));
});

const agent = new Agent({ keepAlive: true, maxSockets: 64 });
const statusFrom = (port: number): Promise<number> =>
  new Promise((resolve, reject) => {
    get({ port, agent, host: '127.0.0.1' }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode!));
    }).on('error', reject);
  });
const statusesFrom = ({ port }: LiveProxy, requests: number) =>
  Promise.all(Array.from({ length: requests }, () => statusFrom(port)));
const answeredIn = ({ answered }: Counts) => Object.values(answered).reduce((sum, count) => sum + count, 0);

test('the candidate gets its share of the requests, within three standard deviations', async () => {
  const [blue, green] = await startSamples(2);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, blue!)]);
  await proxy.targets('green', [inZone(0, green!)]);
  for (const share of [5, 25, 50]) {
    proxy.route({ blue: 100 - share, green: share });
    await statusesFrom(proxy, 600);
    const { colours } = proxy.takeMinute();
    const deviation = Math.sqrt(600 * (share / 100) * (1 - share / 100));
    expect(colours.blue.requests + colours.green.requests).toBe(600);
    expect(Math.abs(colours.green.requests - 6 * share)).toBeLessThan(3 * deviation);
  }
});

test('a colour of weight 0 gets nothing, and one of weight 100 everything', async () => {
  const [blue, green] = await startSamples(2);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, blue!)]);
  await proxy.targets('green', [inZone(0, green!)]);
  for (const weights of [
    { blue: 100, green: 0 },
    { blue: 0, green: 100 },
  ]) {
    proxy.route(weights);
    await statusesFrom(proxy, 200);
    const { colours } = proxy.takeMinute();
    expect({ blue: colours.blue.requests / 2, green: colours.green.requests / 2 }).toEqual(weights);
  }
});

test('the targets of a colour take turns, and each zone counts its own', async () => {
  const [first, second, third] = await startSamples(3);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, first!), inZone(1, second!), inZone(1, third!)]);
  proxy.route({ blue: 100, green: 0 });
  await statusesFrom(proxy, 300);
  const { colours, zones } = proxy.takeMinute();
  expect(zones.blue.map(({ requests }) => requests)).toEqual([100, 200]);
  expect(colours.blue).toMatchObject({ requests: 300, answered: { '2xx': 300 }, connectionErrors: 0 });
  expect(proxy.takeMinute().colours.blue.requests).toBe(0);
  expect(proxy.totals().blue).toEqual({ sent: 300, requests: 300, failed: 0, sentToEmptyGroup: 0 });
});

test('response times are those of the targets: about 8 ms in the middle, a few over 20 ms', async () => {
  const [blue] = await startSamples(1);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, blue!)]);
  proxy.route({ blue: 100, green: 0 });
  const load = startLoad({ port: proxy.port, perSecond: 300 });
  await sleep(800);
  await load.stop();
  const { withinGrid, p95Ms, requests } = proxy.takeMinute().colours.blue;
  expect(withinGrid[0]! / requests).toBeLessThan(0.3); // 5 ms
  expect(withinGrid[3]! / requests).toBeGreaterThan(0.7); // 20 ms
  expect(withinGrid.at(-1)).toBe(requests);
  expect(p95Ms).toBeGreaterThan(14);
});

test('errors of a target are counted as its own 5xx', async () => {
  const [blue] = await startSamples(1);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, blue!)]);
  proxy.route({ blue: 100, green: 0 });
  await blue!.fault({ errorPoints: 100 });
  expect(await statusesFrom(proxy, 50)).toEqual(Array(50).fill(500));
  expect(proxy.takeMinute().colours.blue).toMatchObject({ answered: { '5xx': 50 }, connectionErrors: 0 });
  expect(proxy.totals().blue.failed).toBe(50);
});

test('a crashed target gives 502s, which are connection errors and no 5xx of the target', async () => {
  const [green] = await startSamples(1);
  const proxy = await startSeededProxy();
  await proxy.targets('green', [inZone(0, green!)]);
  proxy.route({ blue: 0, green: 100 });
  await green!.fault({ crash: true });
  await green!.exited;
  expect(await statusesFrom(proxy, 50)).toEqual(Array(50).fill(502));
  const { green: counted } = proxy.takeMinute().colours;
  expect(counted).toMatchObject({ requests: 50, connectionErrors: 50, answered: { '5xx': 0 } });
  expect(answeredIn(counted)).toBe(0);
});

test('a target that crashes while it answers gives 502s, which are requests without any answer', async () => {
  const [green] = await startSamples(1);
  const proxy = await startSeededProxy();
  await proxy.targets('green', [inZone(0, green!)]);
  proxy.route({ blue: 0, green: 100 });
  await green!.fault({ latencyFactor: 1000 });
  const statuses = statusesFrom(proxy, 20);
  await sleep(100);
  await green!.fault({ crash: true });
  expect(await statuses).toEqual(Array(20).fill(502));
  const { green: counted } = proxy.takeMinute().colours;
  expect(counted).toMatchObject({ requests: 20, connectionErrors: 0 });
  expect(answeredIn(counted)).toBe(0);
  expect(proxy.totals().green.failed).toBe(20);
});

test('an empty group gives 503s, which are counted for nobody but as sent to an empty group', async () => {
  const proxy = await startSeededProxy();
  proxy.route({ blue: 0, green: 100 });
  expect(await statusesFrom(proxy, 10)).toEqual(Array(10).fill(503));
  expect(proxy.takeMinute().colours.green.requests).toBe(0);
  expect(proxy.totals().green).toEqual({ sent: 0, requests: 0, failed: 0, sentToEmptyGroup: 10 });
});

test('before anything is routed every request gets a 503', async () => {
  const proxy = await startSeededProxy();
  expect(await statusesFrom(proxy, 3)).toEqual([503, 503, 503]);
});

test('a target that leaves answers what it has before it is drained', async () => {
  const [blue] = await startSamples(1);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, blue!)]);
  proxy.route({ blue: 100, green: 0 });
  await blue!.fault({ latencyFactor: 20 });
  const statuses = statusesFrom(proxy, 20);
  await sleep(40);
  await proxy.targets('blue', []);
  expect(proxy.takeMinute().colours.blue.answered['2xx']).toBe(20);
  await blue!.stop();
  expect(await statuses).toEqual(Array(20).fill(200));
});

test('nothing is dropped while weights and targets change under load', async () => {
  const [blue, otherBlue, green, otherGreen] = await startSamples(4);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, blue!), inZone(1, otherBlue!)]);
  proxy.route({ blue: 100, green: 0 });
  const load = startLoad({ port: proxy.port, perSecond: 300 });

  await proxy.targets('green', [inZone(0, green!)]);
  for (const share of [5, 25, 50]) {
    proxy.route({ blue: 100 - share, green: share });
    await sleep(200);
  }
  await proxy.targets('green', [inZone(0, green!), inZone(1, otherGreen!)]);
  proxy.route({ blue: 0, green: 100 });
  await proxy.targets('blue', []);
  await Promise.all([blue!.stop(), otherBlue!.stop()]);
  await sleep(200);
  await proxy.targets('green', [inZone(1, otherGreen!)]);
  await green!.stop();
  await sleep(200);

  const counts = await load.stop();
  const { blue: stable, green: candidate } = proxy.totals();
  expect(counts).toMatchObject({ sent: counts.planned, answered: counts.planned, failed: 0, unanswered: 0 });
  expect(stable.requests + candidate.requests).toBe(counts.planned);
  expect([stable, candidate]).toMatchObject([
    { failed: 0, sentToEmptyGroup: 0 },
    { failed: 0, sentToEmptyGroup: 0 },
  ]);
});

test('a body goes through to the target', async () => {
  const [blue] = await startSamples(1);
  const proxy = await startSeededProxy();
  await proxy.targets('blue', [inZone(0, blue!)]);
  proxy.route({ blue: 100, green: 0 });
  const answer = await fetch(`http://127.0.0.1:${proxy.port}/__fault`, { method: 'PUT', body: '{"unhealthy":true}' });
  expect(await answer.json()).toMatchObject({ status: 200 });
  expect(await blue!.healthy()).toBe(false);
});
