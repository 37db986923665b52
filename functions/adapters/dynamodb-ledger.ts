/**
 * The ledger in one DynamoDB table, keys `pk` and `sk`. All of a service is under `SERVICE#<name>`: STATE, one
 * RELEASE#<digest> a release, ALIAS#<release id or tag> to find it by, JUDGE#<release id>, and
 * EVIDENCE#<release id>#<minute>, one for each time that minutes were folded.
 */
import { createHash } from 'node:crypto';
import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  TransactionCanceledException,
  type TransactWriteItem,
  TransactWriteItemsCommand,
  type Update,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { Transient } from '../core/failures.ts';
import type { Condition, LedgerWrite, ReleaseRecord, ServiceState } from '../core/protocol.ts';
import { COLOURS } from '../core/roles.ts';
import type { JudgeMemory, Ledger, MinuteEvidence, WriteAnswer } from '../ports/ledger.ts';
import type { Addresses } from './addresses.ts';
import {
  type Attributes,
  attributesOf,
  type Change,
  type Expressions,
  expressionsOf,
  itemOf,
} from './ledger-expressions.ts';

export interface LedgerClients {
  /** For what may be tried again: readings, and transactions, whose token makes them count once. */
  readonly again: Pick<DynamoDBClient, 'send'>;
  /** For a plain write: when its answer is lost, only a reading tells whether it was done. */
  readonly once: Pick<DynamoDBClient, 'send'>;
}

export function dynamodbLedger(
  { again, once }: LedgerClients,
  { table: TableName, service }: Pick<Addresses, 'table' | 'service'>,
): Ledger {
  const keyOf = (sk: string): Attributes => ({ pk: { S: `SERVICE#${service}` }, sk: { S: sk } });
  const initial = neverReleased(service);

  /** Asks for everything of the service whose sort key begins so. */
  const under = (sk: string) => ({
    TableName,
    KeyConditionExpression: '#pk = :pk AND begins_with(#sk, :sk)',
    ExpressionAttributeNames: { '#pk': 'pk', '#sk': 'sk' },
    ExpressionAttributeValues: { ':pk': { S: `SERVICE#${service}` }, ':sk': { S: sk } },
    ConsistentRead: true,
  });

  async function item(sk: string): Promise<Record<string, unknown> | undefined> {
    const { Item } = await again.send(new GetItemCommand({ TableName, Key: keyOf(sk), ConsistentRead: true }));
    return Item && itemOf(Item);
  }

  const read = async (): Promise<ServiceState> => stateIn(await item(STATE)) ?? initial;

  /** A service's first write finds nothing to hold its condition against. */
  async function begin(): Promise<void> {
    const Item = { ...keyOf(STATE), ...attributesOf(initial) };
    const absent = expressionsOf({ condition: { not: { present: 'pk' } } });
    await once
      .send(new PutItemCommand({ TableName, Item, ...absent }))
      .catch((error: unknown) => ignore(error, ConditionalCheckFailedException));
  }

  async function write(asked: LedgerWrite): Promise<WriteAnswer> {
    const answer = await (asked.record ? writeWithRecord(asked) : writeState(asked));
    if (answer !== 'no state yet') return answer;
    await begin();
    const second = await (asked.record ? writeWithRecord(asked) : writeState(asked));
    if (second === 'no state yet') throw new Transient('The ledger lost its state');
    return second;
  }

  const update = (sk: string, change: Change): Update => ({
    TableName,
    Key: keyOf(sk),
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
    ...(expressionsOf(change) as Expressions & Pick<Update, 'UpdateExpression'>),
  });

  /** An update makes the item that it does not find: a condition that holds on nothing would leave half a state. */
  const stateUpdate = ({ condition, set, remove, tick }: LedgerWrite): Update =>
    update(STATE, {
      condition: { all: [{ present: 'pk' }, condition] },
      set,
      remove,
      count: tick ? 'lock.ticks' : undefined,
    });

  async function writeState(asked: LedgerWrite): Promise<WriteAnswer | 'no state yet'> {
    try {
      const { Attributes } = await once.send(new UpdateItemCommand({ ...stateUpdate(asked), ReturnValues: 'ALL_NEW' }));
      return { written: true, state: stateIn(itemOf(Attributes!))! };
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error;
      return error.Item ? { written: false, state: stateIn(itemOf(error.Item))! } : 'no state yet';
    }
  }

  async function writeWithRecord(asked: LedgerWrite): Promise<WriteAnswer | 'no state yet'> {
    const { digest, mustBeNew, set } = asked.record!;
    const condition = mustBeNew ? { not: { present: 'pk' } } : undefined;
    const record = { Update: update(`${RELEASE}${digest}`, { condition, set: { digest, ...set } }) };
    const aliases = aliasesIn(set).map((alias) => ({
      Put: { TableName, Item: { ...keyOf(`${ALIAS}${alias}`), digest: { S: digest } } },
    }));
    const refused = await transact([{ Update: stateUpdate(asked) }, record, ...aliases]);
    if (!refused) return { written: true, state: await read() };
    const [state] = refused;
    if (state?.Code !== FAILED_CONDITION) return { written: false, state: await read() };
    return state.Item ? { written: false, state: stateIn(itemOf(state.Item))! } : 'no state yet';
  }

  /** Undefined: written. Otherwise what stood in the way, item by item. */
  async function transact(items: TransactWriteItem[]) {
    try {
      await again.send(new TransactWriteItemsCommand({ TransactItems: items, ClientRequestToken: tokenOf(items) }));
      return undefined;
    } catch (error) {
      const reasons = error instanceof TransactionCanceledException ? (error.CancellationReasons ?? []) : undefined;
      if (reasons?.some(({ Code }) => Code === FAILED_CONDITION)) return reasons;
      if (!reasons?.some(({ Code = '' }) => BUSY.test(Code))) throw error;
      throw new Transient(`The ledger was busy: ${reasons.map(({ Code }) => Code).join(', ')}`, { cause: error });
    }
  }

  return {
    read,
    write,

    async record(reference) {
      const found = await item(`${RELEASE}${reference}`);
      if (found) return recordIn(found);
      const alias = await item(`${ALIAS}${reference}`);
      const release = alias && (await item(`${RELEASE}${alias['digest']}`));
      return release && recordIn(release);
    },

    async newestRecord() {
      // Release ids sort by their time.
      const { Items: [newest] = [] } = await again.send(
        new QueryCommand({ ...under(`${ALIAS}r-`), ScanIndexForward: false, Limit: 1 }),
      );
      const release = newest && (await item(`${RELEASE}${newest['digest']!.S}`));
      return release && recordIn(release);
    },

    async judging(releaseId) {
      const found = await item(`${JUDGE}${releaseId}`);
      return found && (JSON.parse(found['json'] as string) as JudgeMemory);
    },

    async saveJudging(releaseId, seen, judging, minutes) {
      const { folded } = judging;
      const condition: Condition =
        seen === undefined ? { not: { present: 'folded' } } : { path: 'folded', is: '=', value: seen };
      const set = { folded, json: JSON.stringify(judging) };
      const state = { Update: update(`${JUDGE}${releaseId}`, { condition, set }) };
      const [first] = minutes;
      const sk = `${EVIDENCE}${releaseId}#${String(first?.minute).padStart(12, '0')}`;
      const evidence = {
        Put: { TableName, Item: { ...keyOf(sk), ...attributesOf({ json: JSON.stringify(minutes) }) } },
      };
      return (await transact([state, ...(first ? [evidence] : [])])) === undefined;
    },

    async evidence(releaseId) {
      const minutes: MinuteEvidence[] = [];
      let from: Attributes | undefined;
      do {
        const page: { Items?: Attributes[]; LastEvaluatedKey?: Attributes } = await again.send(
          new QueryCommand({ ...under(`${EVIDENCE}${releaseId}#`), ExclusiveStartKey: from }),
        );
        for (const { json } of page.Items ?? []) minutes.push(...(JSON.parse(json!.S!) as MinuteEvidence[]));
        from = page.LastEvaluatedKey;
      } while (from);
      return minutes;
    },
  };
}

export const STATE = 'STATE';

export const neverReleased = (service: string): ServiceState => ({ service, stable: COLOURS[0], fence: 0 });

const RELEASE = 'RELEASE#';
const ALIAS = 'ALIAS#';
/** The judge's memory is kept as JSON: it is read by nobody but the judge, and its numbers must come back to the last bit. */
const JUDGE = 'JUDGE#';
const EVIDENCE = 'EVIDENCE#';
const FAILED_CONDITION = 'ConditionalCheckFailed';
export const BUSY = /Conflict|Throttling|ThroughputExceeded/;

export const stateIn = (item: Record<string, unknown> | undefined): ServiceState | undefined =>
  item && (withoutKeys(item) as unknown as ServiceState);

const recordIn = (item: Record<string, unknown>): ReleaseRecord => withoutKeys(item) as unknown as ReleaseRecord;

function withoutKeys({ pk: _, sk: __, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}

/** What a record is looked up by beside its digest; the newest release of a tag is what the tag means. */
const aliasesIn = ({ releaseId, image }: Partial<ReleaseRecord>): readonly string[] =>
  [...new Set([releaseId, image].filter((alias) => alias !== undefined && !alias.startsWith('sha256:')))] as string[];

/** The same write has the same token, any other another one; a token has at most 36 characters. */
export const tokenOf = (items: readonly TransactWriteItem[]): string =>
  createHash('sha256').update(JSON.stringify(items)).digest('hex').slice(0, 36);

function ignore(error: unknown, kind: typeof ConditionalCheckFailedException): void {
  if (!(error instanceof kind)) throw error;
}
