import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { withDeadline } from '../../functions/adapters/client.ts';
import { dynamodbLedger } from '../../functions/adapters/dynamodb-ledger.ts';
import { Transient } from '../../functions/core/failures.ts';
import { learn } from '../../functions/core/judge/baseline.ts';
import { beginJudging, foldMinute } from '../../functions/core/judge/judge.ts';
import { type Lock, type ServiceState, writes } from '../../functions/core/protocol.ts';
import type { JudgeMemory, Ledger, MinuteEvidence } from '../../functions/ports/ledger.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import { ABORT, FENCE, IMAGES, lockIn, ME, NOW, recordOf } from '../steps/fixture.ts';
import { type Answers, answering, type Call, PLACE, refusal } from './answering.ts';
import { Table } from './table.ts';

const SERVICE = 'conductores-backend';
const mine = { owner: ME, fence: 1 };

function ledgerOver(table: Table, answers: Answers = {}, calls: Call[] = []): Ledger {
  const client = () => answering(withDeadline(new DynamoDBClient(PLACE)), { ...table.answers, ...answers }, calls);
  return dynamodbLedger({ again: client(), once: client() }, { table: 'ledger', service: SERVICE });
}

const opening = (seen: ServiceState): Lock => ({ ...lockIn('opening'), fence: seen.fence + 1 });

async function opened(ledger: Ledger, again = false) {
  const seen = await ledger.read();
  const lock = opening(seen);
  return { lock, answer: await ledger.write(writes.open(seen, lock, recordOf(lock), again)) };
}

test('a service that was never released is at rest on the first colour, and reading it writes nothing', async () => {
  const table = new Table();
  expect(await ledgerOver(table).read()).toEqual({ service: SERVICE, stable: 'blue', fence: 0 });
  expect(table.items.size).toBe(0);
});

test('a push that is the first to be kept, before anything was ever released, leaves a whole state', async () => {
  const ledger = ledgerOver(new Table());
  const memory = new MemoryLedger(await ledger.read());
  const waiting = { ...IMAGES['v1.5.1'], image: 'v1.5.1', attempt: 1, input: {} };
  expect(await ledger.write(writes.keep(waiting))).toEqual(memory.write(writes.keep(waiting)));
  expect(await ledger.read()).toEqual({ service: SERVICE, stable: 'blue', fence: 0, pending: waiting });
});

test('a release is written as the rehearsal writes it, from its first write to its last', async () => {
  const ledger = ledgerOver(new Table());
  const memory = new MemoryLedger(await ledger.read());
  const first = opening(memory.state);
  const command = { id: 'c-1', verb: 'advance', share: 25, fence: 1 } as const;
  const seen = { 'conductores-backend-green-literal-p95': NOW - 60 };
  const story = [
    writes.open(memory.state, first, recordOf(first), false),
    writes.phase(mine, 'opening', 'migrating'),
    writes.waiting(mine, 'the migration', NOW),
    writes.phase(mine, 'migrating', 'deploying'),
    writes.revision(mine, 'arn:aws:ecs:us-east-1:1:task-definition/green:8'),
    writes.intent(mine, 25, undefined),
    writes.share(mine, 25, NOW, seen),
    writes.queue({ digest: 'sha256:x', image: 'v9', pushedAt: NOW, attempt: 1, input: { image: 'v9', stages: [] } }),
    writes.command(command),
    writes.intent(mine, 100, command),
    writes.share(mine, 100, NOW + 60, undefined),
    writes.warm(mine),
    writes.tick(mine),
    writes.closing(mine, NOW + 120),
    writes.abort(1, ABORT),
    writes.drained(mine, NOW + 120),
    writes.drained(mine, NOW + 120),
    writes.retiring(mine, 'blue'),
  ];
  for (const write of story) expect(await ledger.write(write)).toEqual(memory.write(write));
  const { lock, ...rest } = memory.state;
  const last = writes.freeAfterClose(mine, { ...rest, lock: lock! }, NOW + 300);
  expect(await ledger.write(last)).toEqual(memory.write(last));
  expect((await ledger.read()).lock).toBeUndefined();
  for (const reference of [first.digest, first.releaseId, first.image])
    expect(await ledger.record(reference)).toEqual(memory.record(reference));
});

test('of two that open at once one gets the lock, and the other is told whose it is', async () => {
  const ledger = ledgerOver(new Table());
  const seen = await ledger.read();
  const one = opening(seen);
  const other = { ...one, owner: 'other', releaseId: 'r-20260105-140000', ...IMAGES['v1.5.1'], image: 'v1.5.1' };
  expect((await ledger.write(writes.open(seen, one, recordOf(one), false))).written).toBe(true);
  const late = await ledger.write(writes.open(seen, other, recordOf(other), false));
  expect(late).toMatchObject({ written: false, state: { lock: { owner: ME } } });
  expect(await ledger.record(other.digest)).toBeUndefined();
});

test('the newest record is that of the release that was opened last, whatever its image is called', async () => {
  const ledger = ledgerOver(new Table());
  expect(await ledger.newestRecord()).toBeUndefined();
  const { lock } = await opened(ledger);
  await ledger.write(writes.reverting(mine, NOW, { onStable: true, reason: 'worse' }));
  await ledger.write(writes.retiring(mine, 'green'));
  await ledger.write(writes.freeAfterRevert(mine, { ...lock, reason: 'worse', abort: ABORT }, NOW));
  expect(await ledger.newestRecord()).toMatchObject({ releaseId: lock.releaseId, abort: ABORT });
  const seen = await ledger.read();
  const later = { ...opening(seen), releaseId: 'r-20260105-140000', ...IMAGES['v1.4.1'], image: 'v1.4.1' };
  await ledger.write(writes.open(seen, later, recordOf(later), false));
  expect(await ledger.newestRecord()).toMatchObject({ image: 'v1.4.1' });
});

test('an image that has a record is not opened again, unless it is asked for [F01]', async () => {
  const ledger = ledgerOver(new Table());
  const { lock } = await opened(ledger);
  await ledger.write(writes.reverting(mine, NOW, { onStable: true, reason: 'worse' }));
  await ledger.write(writes.retiring(mine, 'green'));
  await ledger.write(writes.freeAfterRevert(mine, { ...lock, reason: 'worse' }, NOW));
  expect(await ledger.record(lock.releaseId)).toMatchObject({
    status: 'reverted',
    reason: 'worse',
    openedAt: NOW - 300,
  });
  expect((await opened(ledger)).answer.written).toBe(false);
  expect((await opened(ledger, true)).answer.written).toBe(true);
});

test('an answer that was lost is no answer: a plain write is not tried again by itself', async () => {
  const table = new Table();
  const ledger = ledgerOver(table);
  await opened(ledger);
  const deaf = ledgerOver(table, {
    UpdateItem: (write: never) => {
      table.answers['UpdateItem']!(write);
      throw refusal('InternalServerError', 'the answer was lost', { $metadata: { httpStatusCode: 500 } });
    },
  });
  await expect(deaf.write(writes.phase(mine, 'opening', 'migrating'))).rejects.toThrow(Transient);
  expect((await ledger.read()).lock).toMatchObject({ phase: 'migrating', ticks: 1 });
});

test('the opening that was lost on the way back counts once', async () => {
  const table = new Table();
  let lost = 0;
  const ledger = ledgerOver(table, {
    TransactWriteItems: (asked: never) => {
      const answer = table.answers['TransactWriteItems']!(asked);
      if (lost++ === 0) throw refusal('InternalServerError', 'lost', { $metadata: { httpStatusCode: 500 } });
      return answer;
    },
  });
  const seen = { service: SERVICE, stable: 'blue', fence: 0 } as const;
  await expect(opened(ledger)).rejects.toThrow();
  const lock = opening(seen);
  expect(await ledger.write(writes.open(seen, lock, recordOf(lock), false))).toMatchObject({
    written: true,
    state: { fence: 1, lock: { owner: ME } },
  });
});

test('two that write to the ledger at the same moment try again later', async () => {
  const busy = { CancellationReasons: [{ Code: 'TransactionConflict' }, { Code: 'None' }] };
  const { TransactionCanceledException } = await import('@aws-sdk/client-dynamodb');
  const ledger = ledgerOver(new Table(), {
    TransactWriteItems: () => {
      throw new TransactionCanceledException({ message: 'cancelled', $metadata: {}, ...busy });
    },
  });
  await expect(opened(ledger)).rejects.toThrow(Transient);
});

const BASELINE = learn([], [300, 500]);
const counts = { requests: 1000, failures: 3, slow: 100, verySlow: 10 };
const minute = (index: number): MinuteEvidence => ({
  index,
  stageAge: index,
  candidate: counts,
  stable: counts,
  tasks: { candidate: 2, stable: 2 },
  healthyCandidate: 2,
  minute: 60 * index,
  share: 25,
  odds: 1 / 3,
  parts: { errors: 1e-200, slow: 1e200, verySlow: 0.1 + 0.2 },
});

test("the judge's memory comes back to the last bit, and is saved by one who saw it only", async () => {
  const ledger = ledgerOver(new Table());
  const before: JudgeMemory = { state: beginJudging(BASELINE) };
  const after: JudgeMemory = { state: foldMinute(before.state, minute(0)), folded: 0 };
  const later: JudgeMemory = { state: foldMinute(after.state, minute(1)), folded: 60 };
  expect(await ledger.judging('r-1')).toBeUndefined();
  expect(await ledger.saveJudging('r-1', undefined, before, [])).toBe(true);
  expect(await ledger.judging('r-1')).toEqual(before);
  expect(await ledger.saveJudging('r-1', undefined, after, [minute(0)])).toBe(true);
  expect(await ledger.saveJudging('r-1', undefined, later, [minute(0), minute(1)])).toBe(false);
  expect(await ledger.judging('r-1')).toEqual(after);
  expect(await ledger.evidence('r-1')).toEqual([minute(0)]);
});

test('the evidence of a release is read over all pages, oldest first, and of no other release', async () => {
  const ledger = ledgerOver(new Table());
  let seen: number | undefined;
  for (let index = 0; index < 12; index += 2) {
    const folded = 60 * (index + 1);
    const pair = [minute(index), minute(index + 1)];
    await ledger.saveJudging('r-1', seen, { state: beginJudging(BASELINE), folded }, pair);
    seen = folded;
  }
  await ledger.saveJudging('r-10', undefined, { state: beginJudging(BASELINE), folded: 0 }, [minute(0)]);
  expect(await ledger.evidence('r-1')).toEqual(Array.from({ length: 12 }, (_, index) => minute(index)));
});

test('a late actor of an older fence changes nothing', async () => {
  const table = new Table();
  const ledger = ledgerOver(table);
  await opened(ledger);
  const before = structuredClone([...table.items]);
  const answer = await ledger.write(writes.abort(FENCE, ABORT));
  expect(answer).toMatchObject({ written: false, state: { fence: 1 } });
  expect([...table.items]).toEqual(before);
});
