/**
 * DynamoDB's expressions as its documentation tells them, for one item in memory. Names are placeholders only, so that a
 * reserved word (as `share` or `status` could be one day) cannot stand in an expression.
 * Source: https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html
 */
import { unmarshall } from '@aws-sdk/util-dynamodb';
import type { Expressions } from '../../functions/adapters/ledger-expressions.ts';

export type Item = Readonly<Record<string, unknown>>;
type Path = readonly string[];

const TOKEN = /\s*(#\w+|:\w+|<=|<>|[()=<,.+]|\w+)/y;

function tokensOf(expression: string): readonly string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.length) {
    const [, token] = TOKEN.exec(expression) ?? [];
    if (!token) throw new Error(`Syntax error in ${expression}`);
    tokens.push(token);
  }
  return tokens;
}

/** Reads tokens, and remembers which placeholders were used: DynamoDB refuses those that are not. */
class Reader {
  readonly #tokens: readonly string[];
  readonly #names: Readonly<Record<string, string>>;
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #used: Set<string>;
  #at = 0;

  constructor(expression: string, expressions: Expressions, used: Set<string>) {
    const { ExpressionAttributeNames = {}, ExpressionAttributeValues = {} } = expressions;
    this.#tokens = tokensOf(expression);
    this.#names = ExpressionAttributeNames;
    this.#values = unmarshall(ExpressionAttributeValues);
    this.#used = used;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  next(): string {
    const token = this.#tokens[this.#at++];
    if (token === undefined) throw new Error('The expression ends too early');
    return token;
  }

  takes(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at++;
    return true;
  }

  needs(token: string): void {
    if (!this.takes(token)) throw new Error(`${token} was expected before ${this.#tokens[this.#at]}`);
  }

  path(): Path {
    const path: string[] = [];
    do {
      const name = this.next();
      this.#used.add(name);
      if (this.#names[name] === undefined) throw new Error(`${name} is no placeholder of a name`);
      path.push(this.#names[name]);
    } while (this.takes('.'));
    return path;
  }

  value(): unknown {
    const name = this.next();
    this.#used.add(name);
    if (!(name in this.#values)) throw new Error(`${name} is no placeholder of a value`);
    return this.#values[name];
  }

  get isAtValue(): boolean {
    return this.#tokens[this.#at]?.startsWith(':') ?? false;
  }
}

const at = (item: Item, path: Path): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Item | undefined)?.[key], item);

function either(reader: Reader, item: Item): boolean {
  let holds = both(reader, item);
  while (reader.takes('OR')) holds = both(reader, item) || holds;
  return holds;
}

function both(reader: Reader, item: Item): boolean {
  let holds = one(reader, item);
  while (reader.takes('AND')) holds = one(reader, item) && holds;
  return holds;
}

function one(reader: Reader, item: Item): boolean {
  if (reader.takes('NOT')) return !one(reader, item);
  if (reader.takes('(')) {
    const holds = either(reader, item);
    reader.needs(')');
    return holds;
  }
  if (reader.takes('attribute_exists')) {
    reader.needs('(');
    const value = at(item, reader.path());
    reader.needs(')');
    return value !== undefined;
  }
  const left = at(item, reader.path());
  const operator = reader.next();
  if (operator === 'IN') return isIn(reader, left);
  const right = reader.isAtValue ? reader.value() : at(item, reader.path());
  // What is absent compares with nothing.
  if (left === undefined || right === undefined || typeof left !== typeof right) return false;
  if (operator === '=') return left === right;
  if (operator === '<') return (left as number) < (right as number);
  if (operator === '<=') return (left as number) <= (right as number);
  throw new Error(`${operator} is not played here`);
}

function isIn(reader: Reader, left: unknown): boolean {
  const values: unknown[] = [];
  reader.needs('(');
  do values.push(reader.value());
  while (reader.takes(','));
  reader.needs(')');
  return values.includes(left);
}

interface Update {
  readonly path: Path;
  /** Absent: the path is removed. */
  readonly value?: unknown;
}

function updatesIn(reader: Reader, item: Item): readonly Update[] {
  const updates: Update[] = [];
  if (reader.takes('SET')) {
    do {
      const path = reader.path();
      reader.needs('=');
      updates.push({ path, value: operand(reader, item) });
    } while (reader.takes(','));
  }
  if (reader.takes('REMOVE')) {
    do updates.push({ path: reader.path() });
    while (reader.takes(','));
  }
  return updates;
}

function operand(reader: Reader, item: Item): unknown {
  if (!reader.takes('if_not_exists')) return reader.value();
  reader.needs('(');
  const standing = at(item, reader.path());
  reader.needs(',');
  const otherwise = reader.value();
  reader.needs(')');
  reader.needs('+');
  return ((standing ?? otherwise) as number) + (reader.value() as number);
}

function changed(item: Item, { path: [key = '', ...rest], ...update }: Update): Item {
  const { [key]: inner, ...others } = item;
  if (rest.length === 0) return 'value' in update ? { ...item, [key]: update.value } : others;
  if (inner === undefined) throw new Error('The document path provided in the update expression is invalid');
  return { ...item, [key]: changed(inner as Item, { path: rest, ...update }) };
}

/** The item after a write, or `refused`. Throws where DynamoDB answers ValidationException. */
export function written(expressions: Expressions, item: Item): Item | 'refused' {
  const { ConditionExpression, UpdateExpression, ExpressionAttributeNames, ExpressionAttributeValues } = expressions;
  const used = new Set<string>();
  const read = <Result>(expression: string, how: (reader: Reader, item: Item) => Result): Result => {
    const reader = new Reader(expression, expressions, used);
    const result = how(reader, item);
    if (!reader.isAtEnd) throw new Error(`Syntax error: ${expression} goes on after its end`);
    return result;
  };
  const holds = ConditionExpression === undefined || read(ConditionExpression, either);
  const updates = UpdateExpression === undefined ? [] : read(UpdateExpression, updatesIn);
  const paths = updates.map(({ path }) => `${path.join('.')}.`);
  if (paths.some((path, index) => paths.some((other, place) => place !== index && path.startsWith(other))))
    throw new Error('Two document paths overlap with each other');
  const unused = Object.keys({ ...ExpressionAttributeNames, ...ExpressionAttributeValues }).filter(
    (name) => !used.has(name),
  );
  if (unused.length > 0) throw new Error(`Unused in expressions: ${unused.join(', ')}`);
  return holds ? updates.reduce(changed, item) : 'refused';
}
