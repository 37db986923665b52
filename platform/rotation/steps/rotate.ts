/**
 * The four steps in which Secrets Manager has a secret rotated. Each can be asked again, and then finds what it did before.
 * Nothing that a running task uses stops to work: what is new is valid beside what is old, and `refresh` ends that.
 */
import { Transient } from '../../../functions/core/failures.ts';
import type { Clock } from '../../../functions/ports/clock.ts';
import { type Fields, LABELS, nextFields, ownerOf } from '../core/rotation.ts';
import type { CacheTokens, DatabaseUsers } from '../ports/credentials.ts';
import type { Passwords, Secrets } from '../ports/secrets.ts';

/** What Secrets Manager sends (docs: "Lambda rotation functions"). The token is the id of the new version. */
export interface RotationEvent {
  readonly Step: 'createSecret' | 'setSecret' | 'testSecret' | 'finishSecret';
  readonly SecretId: string;
  readonly ClientRequestToken: string;
}

export interface RotationPorts {
  readonly secrets: Secrets;
  readonly passwords: Passwords;
  readonly database: DatabaseUsers;
  readonly cache: CacheTokens;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** ElastiCache takes minutes to make a token valid everywhere; five of them are waited here, then asked again. */
const LOOKS = 20;
const SECONDS_BETWEEN_LOOKS = 15;

export const rotate = (ports: RotationPorts) =>
  async function rotateStep({ Step, SecretId, ClientRequestToken: version }: RotationEvent): Promise<void> {
    const labels = await ports.secrets.labels(SecretId);
    const { [LABELS.current]: current, [LABELS.previous]: previous, [LABELS.pending]: pending } = labels;
    if (version === current || version === previous) {
      if (pending === version) await ports.secrets.drop(SecretId, LABELS.pending);
      return;
    }
    if (pending !== version)
      throw new Error(`Version ${version} of ${SecretId} is not pending; Secrets Manager announces it before it asks`);
    await STEPS[Step](ports, SecretId, version, labels);
  };

type Step = (
  ports: RotationPorts,
  secretId: string,
  version: string,
  labels: Readonly<Record<string, string>>,
) => Promise<void>;

const createSecret: Step = async ({ secrets, passwords }, secretId, version, labels) => {
  const { [LABELS.current]: current = '', [LABELS.previous]: previous, [LABELS.alone]: alone } = labels;
  if (await secrets.read(secretId, version)) return;
  // The user and the token that would be changed now may still be in use by tasks of the version before.
  if (previous !== undefined && alone !== current)
    throw new Transient(`The last change of ${secretId} has not reached every task yet; the next one waits for it`);
  const inForce = (await secrets.read(secretId, current)) ?? {};
  await secrets.write(secretId, version, nextFields(inForce, passwords.make));
};

const setSecret: Step = async ({ secrets, database, cache }, secretId, version) => {
  const { user, password, token } = await written(secrets, secretId, version);
  if (!(await database.accepts(user, password))) await database.admit(user, password, ownerOf(user));
  // Told twice, the cache might forget the old token instead of keeping both.
  if (!(await cache.accepts(token))) await cache.admit(token);
};

const testSecret: Step = async ({ secrets, database, cache, clock }, secretId, version) => {
  const { user, password, token } = await written(secrets, secretId, version);
  if (!(await database.accepts(user, password)))
    throw new Transient(`The database does not take the new password of ${user}`);
  for (let look = 0; !(await cache.accepts(token)); look++) {
    if (look === LOOKS) throw new Transient('The cache does not take the new token yet');
    await clock.sleep(SECONDS_BETWEEN_LOOKS);
  }
};

const finishSecret: Step = async ({ secrets }, secretId, version) => {
  await secrets.move(secretId, LABELS.current, version);
  // Left here while a person makes another version current, it would block every rotation after this one.
  await secrets.drop(secretId, LABELS.pending);
};

const STEPS: Readonly<Record<RotationEvent['Step'], Step>> = { createSecret, setSecret, testSecret, finishSecret };

async function written(secrets: Secrets, secretId: string, version: string) {
  const fields: Fields = (await secrets.read(secretId, version)) ?? {};
  const { DATABASE_USER: user, DATABASE_PASSWORD: password, REDIS_PASSWORD: token } = fields;
  if (!user || !password || !token) throw new Error(`Version ${version} of ${secretId} has no value yet`);
  return { user, password, token };
}
