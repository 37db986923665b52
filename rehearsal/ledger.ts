/** The ledger in memory: one item with real conditional writes, evaluated from the same table that DynamoDB is sent. */
import type { Condition, LedgerWrite, Path, ReleaseRecord, ServiceState } from '../functions/core/protocol.ts';
import type { JudgeMemory, MinuteEvidence, WriteAnswer } from '../functions/ports/ledger.ts';

type Item = Readonly<Record<string, unknown>>;

export class MemoryLedger {
  #state: ServiceState;
  readonly #records = new Map<string, ReleaseRecord>();
  readonly #judging = new Map<string, JudgeMemory>();
  readonly #evidence = new Map<string, readonly MinuteEvidence[]>();

  constructor(state: ServiceState, records: readonly ReleaseRecord[] = []) {
    this.#state = kept(state);
    for (const record of records) this.#records.set(record.digest, kept(record));
  }

  /** Nobody can change it but by a write: it is frozen to its depths. */
  get state(): ServiceState {
    return this.#state;
  }

  write(write: LedgerWrite): WriteAnswer {
    const { condition, set, remove = [], tick, record } = write;
    const known = record ? this.#records.get(record.digest) : undefined;
    if (!holds(condition, this.#state as unknown as Item) || (record?.mustBeNew && known)) {
      return { written: false, state: this.state };
    }
    let next = this.#state as unknown as Item;
    for (const path of remove) next = without(next, path);
    for (const [path, value] of Object.entries(set)) next = withValue(next, path, kept(value));
    if (tick) next = withValue(next, 'lock.ticks', (this.#state.lock?.ticks ?? 0) + 1);
    this.#state = frozen(next as unknown as ServiceState);
    if (record) this.#records.set(record.digest, frozen({ ...known, ...kept(record.set) } as ReleaseRecord));
    return { written: true, state: this.state };
  }

  record(reference: string): ReleaseRecord | undefined {
    return (
      this.#records.get(reference) ??
      [...this.#records.values()].find(({ releaseId, image }) => releaseId === reference || image === reference)
    );
  }

  newestRecord(): ReleaseRecord | undefined {
    return [...this.#records.values()].toSorted((one, other) => (one.releaseId < other.releaseId ? 1 : -1))[0];
  }

  judging(releaseId: string): JudgeMemory | undefined {
    return this.#judging.get(releaseId);
  }

  saveJudging(
    releaseId: string,
    seen: number | undefined,
    judging: JudgeMemory,
    minutes: readonly MinuteEvidence[],
  ): boolean {
    if (this.#judging.get(releaseId)?.folded !== seen) return false;
    this.#judging.set(releaseId, kept(judging));
    this.#evidence.set(releaseId, frozen([...this.evidence(releaseId), ...kept(minutes)]));
    return true;
  }

  evidence(releaseId: string): readonly MinuteEvidence[] {
    return this.#evidence.get(releaseId) ?? [];
  }
}

/** As DynamoDB evaluates it: a comparison with something absent does not hold. */
export function holds(condition: Condition, item: Item): boolean {
  if ('all' in condition) return condition.all.every((one) => holds(one, item));
  if ('any' in condition) return condition.any.some((one) => holds(one, item));
  if ('not' in condition) return !holds(condition.not, item);
  if ('present' in condition) return valueAt(item, condition.present) !== undefined;
  const value = valueAt(item, condition.path);
  if ('oneOf' in condition) return condition.oneOf.some((one) => one === value);
  if ('equals' in condition) return value !== undefined && value === valueAt(item, condition.equals);
  if (condition.is === '<>') return value !== condition.value;
  if (value === undefined) return false;
  if (condition.is === '=') return value === condition.value;
  return condition.is === '<'
    ? (value as number) < (condition.value as number)
    : (value as number) <= (condition.value as number);
}

function valueAt(item: unknown, path: Path): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Item | undefined)?.[key], item);
}

function withValue(item: Item, path: Path, value: unknown): Item {
  const [key, ...rest] = path.split('.');
  if (rest.length === 0) return { ...item, [key!]: value };
  const inner = item[key!];
  if (inner === undefined) throw new Error(`The document path ${path} is invalid for update`);
  return { ...item, [key!]: withValue(inner as Item, rest.join('.'), value) };
}

function without(item: Item, path: Path): Item {
  const [key, ...rest] = path.split('.');
  const inner = item[key!];
  if (inner === undefined) return item;
  if (rest.length > 0) return { ...item, [key!]: without(inner as Item, rest.join('.')) };
  const { [key!]: _, ...others } = item;
  return others;
}

/** A copy of our own, as it would lie in a table: what the caller does to its own afterwards is not seen here. */
const kept = <T>(value: T): T => (typeof value === 'object' ? frozen(structuredClone(value)) : value);

function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const inner of Object.values(value)) frozen(inner);
    Object.freeze(value);
  }
  return value;
}
