/** A DynamoDB table in memory, behind the calls that the ledger makes. What it holds is as strict as test/adapters/expressions.ts. */
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import type { Expressions } from '../../functions/adapters/ledger-expressions.ts';
import { type Answers, refusal } from './answering.ts';
import { type Item, written } from './expressions.ts';

type Attributes = Record<string, AttributeValue>;

interface Write extends Expressions {
  readonly Key?: Attributes;
  /** A whole item, instead of changes to the one with that key. */
  readonly Item?: Attributes;
}

interface Transaction {
  readonly ClientRequestToken: string;
  readonly TransactItems: readonly { readonly Put?: Write; readonly Update?: Write; readonly Delete?: Write }[];
}

interface Batch {
  readonly RequestItems: Readonly<Record<string, { readonly Keys: readonly Attributes[] }>>;
}

interface Query {
  readonly ExpressionAttributeValues: Attributes;
  readonly ExclusiveStartKey?: Attributes;
  readonly ScanIndexForward?: boolean;
  readonly Limit?: number;
}

const ITEMS_A_PAGE = 2;
/** More than that in one batch, and some are left for the next; a hundred are refused. */
const ITEMS_A_BATCH = 3;
const MOST_KEYS = 100;
const LONGEST_TOKEN = 36;

export class Table {
  readonly items = new Map<string, Item>();
  readonly #done = new Map<string, string>();

  readonly answers: Answers = {
    GetItem: ({ Key, ConsistentRead }: { Key: Attributes; ConsistentRead?: boolean }) => {
      if (!ConsistentRead) throw new Error('The ledger is read consistently, or a fence proves nothing');
      const item = this.items.get(keyOf(Key));
      return item ? { Item: marshalled(item) } : {};
    },
    BatchGetItem: (asked: Batch) => this.#batch(asked),
    PutItem: (write: Write) => this.#alone(write),
    UpdateItem: (write: Write) => this.#alone(write),
    TransactWriteItems: (transaction: Transaction) => this.#transact(transaction),
    Query: (query: Query) => this.#query(query),
  };

  #alone(write: Write): object {
    const before = this.items.get(keyOf((write.Key ?? write.Item)!));
    const after = this.#after(write);
    if (after === 'refused')
      throw new ConditionalCheckFailedException({ message: 'refused', $metadata: {}, ...found(before) });
    this.#keep(after);
    return { Attributes: marshalled(after) };
  }

  /** A token answers for ten minutes what it answered before, and refuses to mean something else. */
  #transact({ ClientRequestToken: token, TransactItems }: Transaction): object {
    if (token.length > LONGEST_TOKEN) throw refusal('ValidationException', 'The token is too long');
    const asked = JSON.stringify(TransactItems);
    const before = this.#done.get(token);
    if (before !== undefined && before !== asked) throw refusal('IdempotentParameterMismatchException');
    if (before === asked) return {};
    const writes = TransactItems.map(({ Put, Update, Delete }) => (Put ?? Update ?? Delete)!);
    const outcomes = writes.map((write) => this.#after(write));
    if (outcomes.includes('refused')) {
      const reasons = outcomes.map((outcome, index) =>
        outcome === 'refused'
          ? {
              Code: 'ConditionalCheckFailed',
              ...found(this.items.get(keyOf((writes[index]!.Key ?? writes[index]!.Item)!))),
            }
          : { Code: 'None' },
      );
      throw new TransactionCanceledException({ message: 'refused', $metadata: {}, CancellationReasons: reasons });
    }
    for (const [index, { Delete }] of TransactItems.entries())
      if (Delete) this.items.delete(keyOf(Delete.Key!));
      else this.#keep(outcomes[index] as Item);
    this.#done.set(token, asked);
    return {};
  }

  #batch({ RequestItems }: Batch): object {
    const [[name, { Keys }] = ['', { Keys: [] }]] = Object.entries(RequestItems);
    if (Keys.length > MOST_KEYS) throw refusal('ValidationException', 'Too many items requested');
    const some = Keys.slice(0, ITEMS_A_BATCH).map((key) => this.items.get(keyOf(key)));
    const found = some.filter((item) => item !== undefined);
    const left = Keys.slice(ITEMS_A_BATCH);
    return {
      Responses: { [name]: found.map(marshalled) },
      UnprocessedKeys: left.length > 0 ? { [name]: { Keys: left } } : {},
    };
  }

  #query({ ExpressionAttributeValues, ExclusiveStartKey, ScanIndexForward = true, Limit }: Query): object {
    const { ':pk': pk, ':sk': sk = '' } = unmarshall(ExpressionAttributeValues) as { ':pk': string; ':sk'?: string };
    const after = ExclusiveStartKey ? keyOf(ExclusiveStartKey) : '';
    const keys = [...this.items.keys()].filter((key) => key.startsWith(`${pk} ${sk}`) && key > after).toSorted();
    if (!ScanIndexForward) keys.reverse();
    const count = Math.min(Limit ?? ITEMS_A_PAGE, ITEMS_A_PAGE);
    const page = keys.slice(0, count).map((key) => marshalled(this.items.get(key)!));
    const { pk: lastPk, sk: lastSk } = page.at(-1) ?? {};
    return { Items: page, ...(keys.length > count ? { LastEvaluatedKey: { pk: lastPk, sk: lastSk } } : {}) };
  }

  #after(write: Write): Item | 'refused' {
    const before = this.items.get(keyOf((write.Key ?? write.Item)!));
    const outcome = written(write, before ?? {});
    if (outcome === 'refused') return outcome;
    return write.Item ? unmarshalled(write.Item) : { ...unmarshalled(write.Key!), ...outcome };
  }

  #keep(item: Item): void {
    this.items.set(`${item['pk']} ${item['sk']}`, item);
  }
}

const keyOf = ({ pk, sk }: Attributes): string => `${pk?.S} ${sk?.S}`;
const marshalled = (item: Item): Attributes => marshall(item, { removeUndefinedValues: true }) as Attributes;
const unmarshalled = (attributes: Attributes): Item => unmarshall(attributes);
const found = (item: Item | undefined) => (item ? { Item: marshalled(item) } : {});
