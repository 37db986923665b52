import { describe, expect, test } from 'vitest';
import { FENCE, fixture, IMAGES, lockIn, NOW } from './fixture.ts';
import { expectInOrder, expectWrites } from './order.ts';

const to = (share: number) => ({ release: { id: 'r-20260105-135500', fence: FENCE }, share });

describe('before the first share', () => {
  // Scaling that is resumed brings a colour to its minimum at once: of what it ran before, were it not deployed first.
  test('the phase, the wait, the rule, only then the new revision, and only after that its scaling', async () => {
    const it = await fixture({ lock: lockIn('opening') });
    expect(await it.ask('Prepare', to(5))).toMatchObject({ verdict: 'wait', share: 5, waitSeconds: 30 });
    expectWrites(it.log, [
      'ledger: deploying',
      'ledger: waiting',
      'DescribeRules',
      'RegisterScalableTarget (suspend) blue',
      'UpdateService (new revision) green 2',
      'RegisterScalableTarget (resume) green',
      'ledger: revision',
    ]);
    expect(it.world.ledger.state.lock?.revision).toBe('conductores-backend-green:1');
  });

  test('a candidate that is up, healthy and probed is ready [S464]', async () => {
    const it = await fixture({ lock: lockIn('opening') });
    await it.ask('Prepare', to(5));
    await it.wait(60);
    expect(await it.ask('Prepare', to(5))).toMatchObject({ verdict: 'ready', share: 5 });
    expectInOrder(it.log, ['ledger: tick', 'DescribeRules', 'Probe']);
  });

  test('a colour that has users already is not rolled', async () => {
    const it = await fixture({ lock: lockIn('deploying'), weights: { blue: 90, green: 10 } });
    await expect(it.ask('Prepare', to(5))).rejects.toMatchObject({ name: 'NotReady' });
    expect(it.log.filter((line) => !/^(?:ledger|Describe)/.test(line))).toEqual([]);
  });

  test('a colour that slept gets a new revision of the newest template, also for an image that it had before', async () => {
    const it = await fixture({ lock: lockIn('deploying') });
    it.world.tasks.deploy('green', IMAGES['v1.5.0'].digest, 0);
    await it.ask('Prepare', to(5));
    expect(it.log).toEqual(expect.arrayContaining(['UpdateService (new revision) green 2', 'ledger: revision']));
    expect(it.world.ledger.state.lock?.revision).toBe('conductores-backend-green:2');
  });
});

describe('while users are on the candidate', () => {
  test('it grows to what the next share needs', async () => {
    const lock = lockIn('baking', 25, { revision: 'conductores-backend-green:1' });
    const it = await fixture({ lock, candidateTasks: 2, stableTasks: 5 });
    expect(await it.ask('Prepare', to(50))).toMatchObject({ verdict: 'not ready', waitSeconds: 30 });
    expectWrites(it.log, ['ledger: waiting', 'UpdateService green 3']);
    await it.wait(60);
    expect(await it.ask('Prepare', to(50))).toMatchObject({ verdict: 'ready' });
  });

  test('it never shrinks', async () => {
    const it = await fixture({ lock: lockIn('baking', 5), candidateTasks: 6 });
    expect(await it.ask('Prepare', to(25))).toMatchObject({ verdict: 'ready' });
    expect(it.world.tasks.side('green').desired).toBe(6);
  });

  test('it is never rolled, whatever its image [F02]', async () => {
    const it = await fixture({ lock: lockIn('baking', 5, { digest: IMAGES['v1.5.1'].digest }) });
    it.world.tasks.resize('green', 1);
    await it.ask('Prepare', to(25));
    expect(it.log.filter((line) => line.includes('new revision'))).toEqual([]);
  });
});

describe('a candidate that is not coming', () => {
  const WAITED = { waitingFor: { what: 'ready for 25 %', from: NOW - 600 } };

  test('is given up when its probe never passes, with what may be wrong', async () => {
    const it = await fixture({ lock: lockIn('baking', 5, WAITED), probePasses: () => false });
    await expect(it.ask('Prepare', to(25))).rejects.toMatchObject({
      name: 'NotReady',
      message: /^green failed 6 of 6 probes after 10 minutes.* security group or WAF/,
    });
  });

  test('is given up when it runs another image all the time, with both images', async () => {
    const other = { ...WAITED, digest: IMAGES['v1.5.1'].digest };
    const it = await fixture({ lock: lockIn('baking', 5, other) });
    it.world.tasks.alreadyUp('green', IMAGES['v1.5.0'].digest, 4);
    await expect(it.ask('Prepare', to(25))).rejects.toMatchObject({
      name: 'NotReady',
      message: new RegExp(`ran ${IMAGES['v1.5.0'].digest}, .* 10 minutes: this release is ${IMAGES['v1.5.1'].digest}`),
    });
  });

  test('is waited for anew for the next share, whatever it was waited for before', async () => {
    const it = await fixture({ lock: lockIn('baking', 25, WAITED), candidateTasks: 2, stableTasks: 5 });
    expect(await it.ask('Prepare', to(50))).toMatchObject({ verdict: 'not ready' });
    expect(it.world.ledger.state.lock?.waitingFor).toEqual({ what: 'ready for 50 %', from: NOW });
  });

  test('is given up after ten minutes, counted by the ledger [F49]', async () => {
    const it = await fixture({ lock: lockIn('deploying'), neverHealthy: true });
    await it.ask('Prepare', to(5));
    await it.wait(590);
    await expect(it.ask('Prepare', to(5))).resolves.toMatchObject({ verdict: 'wait' });
    await it.wait(10);
    await expect(it.ask('Prepare', to(5))).rejects.toMatchObject({ name: 'NotReady', message: /0 of 2 healthy tasks/ });
  });

  test('is given up at once when a task of it exits by itself', async () => {
    const it = await fixture({ lock: lockIn('deploying'), candidateTasks: 2 });
    await it.kill('green');
    await expect(it.ask('Prepare', to(5))).rejects.toMatchObject({ name: 'NotReady', message: /green crashed/ });
  });
});
