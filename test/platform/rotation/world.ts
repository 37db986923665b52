/** A service whose tasks read a secret when they start, and the places where what they read is valid. */
import { COLOURS, type Colour } from '../../../functions/core/roles.ts';
import { type Fields, LABELS, ownerOf } from '../../../platform/rotation/core/rotation.ts';
import type { CacheTokens, DatabaseUsers } from '../../../platform/rotation/ports/credentials.ts';
import type { Passwords, Secrets } from '../../../platform/rotation/ports/secrets.ts';
import { type RefreshAnswer, type RefreshedSecret, refresh } from '../../../platform/rotation/steps/refresh.ts';
import { type RotationEvent, rotate } from '../../../platform/rotation/steps/rotate.ts';
import { MemoryLedger } from '../../../rehearsal/ledger.ts';
import { CURRENT, lockIn } from '../../steps/fixture.ts';

export const SERVICE = 'conductores-backend';
export const APP = 'conductores/prod/app';
export const STEPS = ['createSecret', 'setSecret', 'testSecret', 'finishSecret'] as const;

export const FIRST = {
  SECRET_KEY: 'signs-0',
  SECRET_KEY_NEXT: 'signs-1',
  DATABASE_USER: 'conductores_app',
  DATABASE_PASSWORD: 'first-password-0000',
  REDIS_PASSWORD: 'first-token-00000000',
  GEOTAB_PASSWORD: 'not ours to change',
};

const counted = (): Passwords => {
  let count = 0;
  return { make: () => `value-${String(++count).padStart(20, '0')}` };
};

/** Secrets Manager, as far as rotation sees it. */
export class MemorySecrets implements Secrets {
  readonly #labels: Record<string, string> = {};
  readonly #versions = new Map<string, Fields>();

  /** A rotation begins; one that is pending is tried again first. Returns the version that it is about. */
  announce(version: string): string {
    const { [LABELS.pending]: pending = version, [LABELS.current]: current } = this.#labels;
    this.#labels[LABELS.pending] = pending === current ? version : pending;
    return this.#labels[LABELS.pending]!;
  }

  async labels() {
    return { ...this.#labels };
  }
  async read(_: string, version: string) {
    return this.#versions.get(version);
  }
  async write(_: string, version: string, fields: Fields) {
    const before = this.#versions.get(version);
    if (before && JSON.stringify(before) !== JSON.stringify(fields)) throw new Error('ResourceExistsException');
    this.#versions.set(version, fields);
    this.#labels[LABELS.pending] = version;
  }
  async move(_: string, label: string, version: string) {
    if (!this.#versions.has(version)) throw new Error('ResourceNotFoundException');
    if (label === LABELS.current) this.#makeCurrent(version);
    else this.#labels[label] = version;
  }
  async drop(_: string, label: string) {
    delete this.#labels[label];
  }
  #makeCurrent(version: string): void {
    const { [LABELS.current]: before } = this.#labels;
    if (before !== undefined && before !== version) this.#labels[LABELS.previous] = before;
    this.#labels[LABELS.current] = version;
  }

  get current(): Fields {
    return this.#versions.get(this.#labels[LABELS.current]!)!;
  }

  /** Somebody writes a new version by hand: it is current at once. */
  async put(version: string, fields: Fields): Promise<void> {
    this.#versions.set(version, fields);
    this.#makeCurrent(version);
  }
}

/** PostgreSQL's and ElastiCache's rules: one password a user, two tokens at most, and a third forgets the first. */
export function memoryCredentials(): { readonly database: DatabaseUsers; readonly cache: CacheTokens } {
  const users = new Map<string, string>();
  let tokens: readonly string[] = [];
  return {
    database: {
      accepts: async (user, password) => users.get(user) === password,
      admit: async (user, password) => {
        users.set(user, password);
      },
    },
    cache: {
      accepts: async (token) => tokens.includes(token),
      admit: async (token) => {
        tokens = [...tokens, token].slice(-2);
      },
      keepOnly: async (token) => {
        tokens = [token];
      },
    },
  };
}

interface Side {
  tasks: Fields[];
  /** Tasks that the restart has not replaced yet. */
  left: number;
  rollout: 'completed' | 'failed';
  restarts: number;
}

export class RotationWorld {
  readonly secrets = new MemorySecrets();
  readonly ledger = new MemoryLedger({ service: SERVICE, stable: 'blue', fence: 8, current: CURRENT });
  readonly passwords = counted();
  readonly sides: Record<Colour, Side>;
  readonly log: string[] = [];
  slept = 0;
  /** Throws before a call or after it, for deaths. */
  interfere: () => void = () => {};
  readonly #credentials: ReturnType<typeof memoryCredentials>;
  readonly #readBy: readonly string[];

  constructor(credentials: ReturnType<typeof memoryCredentials>, readBy: readonly string[] = [SERVICE]) {
    this.#credentials = credentials;
    this.#readBy = readBy;
    const side = (): Side => ({ tasks: [], left: 0, rollout: 'completed', restarts: 0 });
    this.sides = { blue: side(), green: side() };
  }

  /** The first version, valid everywhere, and tasks that have it. */
  async begin(first: Fields, tasks: Readonly<Record<Colour, number>> = { blue: 3, green: 0 }): Promise<void> {
    const { database, cache } = this.#credentials;
    await this.secrets.put('version-0', first);
    await database.admit(first['DATABASE_USER']!, first['DATABASE_PASSWORD']!, ownerOf(first['DATABASE_USER']!));
    await cache.keepOnly(first['REDIS_PASSWORD']!);
    for (const colour of COLOURS) this.sides[colour].tasks = Array.from({ length: tasks[colour] }, () => first);
  }

  #observed<Port extends object>(port: Port): Port {
    return new Proxy(port, {
      get: (target, name) => {
        const method = target[name as keyof Port];
        if (typeof method !== 'function') return method;
        return async (...args: unknown[]) => {
          this.interfere();
          if (['admit', 'keepOnly', 'restart', 'write', 'move', 'drop'].includes(String(name)))
            this.log.push(String(name));
          const result: unknown = await method.apply(target, args);
          this.interfere();
          return result;
        };
      },
    });
  }

  /** The Lambda ends before or after that call, and what it had begun stays. */
  async dyingAt(call: number, act: () => Promise<unknown>): Promise<void> {
    let calls = 0;
    this.interfere = () => {
      if (++calls === call) throw new Error('died');
    };
    await act().catch(() => {});
    this.interfere = () => {};
  }

  /** One of the four steps, as Secrets Manager asks for it. */
  async ask(Step: RotationEvent['Step'], version: string): Promise<void> {
    const { database, cache } = this.#credentials;
    const sleep = async (seconds: number) => {
      this.slept += seconds;
    };
    await rotate({
      secrets: this.#observed(this.secrets),
      passwords: this.passwords,
      database: this.#observed(database),
      cache: this.#observed(cache),
      clock: { sleep },
    })({ Step, SecretId: APP, ClientRequestToken: version });
  }

  async rotate(version: string, times = 1): Promise<void> {
    const announced = this.secrets.announce(version);
    for (const step of STEPS) for (let time = 0; time < times; time++) await this.ask(step, announced);
  }

  async refresh({ isRotated }: Pick<RefreshedSecret, 'isRotated'> = { isRotated: true }): Promise<RefreshAnswer> {
    const { sides, ledger } = this;
    const fleet = {
      observe: async (colour: Colour) => {
        const { tasks, left, rollout } = sides[colour];
        const [desired, running] = [tasks.length, tasks.length];
        const state = left > 0 ? ('in progress' as const) : rollout;
        return { desired, running, healthy: running, scalingSuspended: false, rollout: state, crashes: 0 };
      },
    };
    const restarts = {
      restart: async (colour: Colour) => {
        sides[colour].left = sides[colour].tasks.length;
        sides[colour].restarts += 1;
      },
    };
    return refresh(
      {
        secrets: this.#observed(this.secrets),
        ledger: { read: async () => ledger.state },
        fleet,
        restarts: this.#observed(restarts),
        cache: this.#observed(this.#credentials.cache),
      },
      [{ secretId: APP, readBy: this.#readBy, isRotated }],
    )();
  }

  /** ECS replaces one task, for the restart or because it crashed: the oldest first. */
  replaceOne(colour: Colour): void {
    const side = this.sides[colour];
    if (side.tasks.length === 0) return;
    side.tasks = [...side.tasks.slice(1), this.secrets.current];
    side.left = Math.max(0, side.left - 1);
  }

  replaceAll(): void {
    for (const colour of COLOURS) while (this.sides[colour].left > 0) this.replaceOne(colour);
  }

  /** Looks, and tasks that come up, until there is nothing to do. */
  async settle(secret?: Pick<RefreshedSecret, 'isRotated'>): Promise<void> {
    for (let looks = 0; looks < 10 && (await this.refresh(secret)).verdict !== 'nothing new'; looks++)
      this.replaceAll();
  }

  release(runs: boolean): void {
    const { lock: _, ...state } = this.ledger.state;
    Object.assign(this, { ledger: new MemoryLedger({ ...state, ...(runs ? { lock: lockIn('baking', 25) } : {}) }) });
  }

  /** What a user would notice now; empty is what must be. */
  async trouble(): Promise<readonly string[]> {
    const { database, cache } = this.#credentials;
    const tasks = COLOURS.flatMap((colour) => this.sides[colour].tasks);
    const found: string[] = [];
    for (const { DATABASE_USER: user, DATABASE_PASSWORD: password, REDIS_PASSWORD: token } of new Set(tasks)) {
      if (!(await database.accepts(user!, password!))) found.push(`a task cannot log in as ${user}`);
      if (!(await cache.accepts(token!))) found.push('a task cannot log in to the cache');
    }
    for (const signer of new Set(tasks))
      for (const reader of new Set(tasks)) {
        const accepted = ['SECRET_KEY', 'SECRET_KEY_NEXT', 'SECRET_KEY_PREVIOUS'].map((key) => reader[key]);
        if (!accepted.includes(signer['SECRET_KEY'])) found.push('a task refuses what another has signed');
      }
    return found;
  }
}
