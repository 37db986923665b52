/**
 * Brings a new version of a secret to the tasks that run, whoever wrote it. Asked every few minutes; what was done stands
 * as labels on the secret's versions, so that it can be asked by anybody, at any time, after any death.
 *
 * It waits while a release runs: a restart would be in the judge's way. A release that begins after that look is harmed
 * by nothing: a restart names no revision and no number of tasks.
 */
import { NotReady } from '../../../functions/core/failures.ts';
import { COLOURS } from '../../../functions/core/roles.ts';
import type { Fleet } from '../../../functions/ports/fleet.ts';
import type { Ledger } from '../../../functions/ports/ledger.ts';
import { LABELS } from '../core/rotation.ts';
import type { CacheTokens } from '../ports/credentials.ts';
import type { Restarts } from '../ports/restarts.ts';
import type { Secrets } from '../ports/secrets.ts';

export interface RefreshPorts {
  readonly secrets: Secrets;
  readonly ledger: Pick<Ledger, 'read'>;
  readonly fleet: Pick<Fleet, 'observe'>;
  readonly restarts: Restarts;
  readonly cache: Pick<CacheTokens, 'keepOnly'>;
}

export interface RefreshedSecret {
  readonly secretId: string;
  /** Every service whose tasks read it; the old token is valid until the last of them has the new one. */
  readonly readBy: readonly string[];
  /** Rotation makes its versions, the cache's token among them. What people write is never read, only labelled. */
  readonly isRotated: boolean;
}

export interface RefreshAnswer {
  readonly verdict: 'nothing new' | 'wait' | 'restarted' | 'done';
  readonly summary: string;
}

export const refresh = (ports: RefreshPorts, watched: readonly RefreshedSecret[]) =>
  async function refreshStep(): Promise<RefreshAnswer> {
    const { lock, service } = await ports.ledger.read();
    const known = await Promise.all(watched.map((secret) => look(ports.secrets, secret, service)));
    const behind = known.filter(({ labels, current }) => labels[LABELS.running(service)] !== current);

    if (behind.length > 0) {
      if (lock) return answer('wait', `${lock.releaseId} is being released; its tasks are not restarted`);
      const untold = behind.filter(({ labels, current }) => labels[LABELS.restarting(service)] !== current);
      if (untold.length > 0) {
        const restarted = await restartAll(ports);
        for (const { secretId, current } of untold)
          await ports.secrets.move(secretId, LABELS.restarting(service), current);
        return answer('restarted', `new tasks of ${restarted.join(' and ') || 'no colour: none runs'}`);
      }
      const waitsFor = await unfinished(ports);
      if (waitsFor) return answer('wait', waitsFor);
      for (const { secretId, current } of behind) await ports.secrets.move(secretId, LABELS.running(service), current);
    }

    const ended: string[] = [];
    for (const secret of watched) if (await endTheOld(ports, secret)) ended.push(secret.secretId);
    if (ended.length > 0)
      return answer('done', `nothing uses what was before the current version of ${ended.join(', ')}`);
    return behind.length > 0
      ? answer('done', 'every task has it')
      : answer('nothing new', 'every task has what is current');
  };

const answer = (verdict: RefreshAnswer['verdict'], summary: string): RefreshAnswer => ({ verdict, summary });

async function look(secrets: Secrets, { secretId }: RefreshedSecret, service: string) {
  const labels = await secrets.labels(secretId);
  const { [LABELS.current]: current } = labels;
  if (current === undefined) throw new NotReady(`${secretId} has no value yet, and ${service} reads it`);
  return { secretId, labels, current };
}

/** A colour that sleeps reads the secret when it wakes. */
async function restartAll({ fleet, restarts }: RefreshPorts): Promise<readonly string[]> {
  const restarted: string[] = [];
  for (const colour of COLOURS) {
    if ((await fleet.observe(colour)).desired === 0) continue;
    await restarts.restart(colour);
    restarted.push(colour);
  }
  return restarted;
}

/** What is still waited for. A restart that failed has changed nothing for users: the old tasks run on, with what they know. */
async function unfinished({ fleet }: RefreshPorts): Promise<string | undefined> {
  for (const colour of COLOURS) {
    const { desired, running, rollout, lastStopped } = await fleet.observe(colour);
    if (desired === 0) continue;
    if (rollout === 'failed')
      throw new NotReady(
        `The tasks of ${colour} did not come up with the new secrets: ${lastStopped ?? 'no reason given'}`,
      );
    if (rollout !== 'completed' || running < desired) return `the tasks of ${colour} are being replaced`;
  }
  return undefined;
}

/** Once every reader has the current version. True if that was now. */
async function endTheOld(
  { secrets, cache }: RefreshPorts,
  { secretId, readBy, isRotated }: RefreshedSecret,
): Promise<boolean> {
  const labels = await secrets.labels(secretId);
  const { [LABELS.current]: current, [LABELS.pending]: pending, [LABELS.alone]: alone } = labels;
  if (current === undefined || alone === current) return false;
  if (readBy.some((service) => labels[LABELS.running(service)] !== current)) return false;
  if (isRotated) {
    // What a rotation has made may be valid already, beside the current one. One that has made nothing yet waits for us.
    if (pending !== undefined && pending !== current && (await secrets.read(secretId, pending))) return false;
    const token = (await secrets.read(secretId, current))?.['REDIS_PASSWORD'];
    if (token !== undefined) await cache.keepOnly(token);
  }
  await secrets.move(secretId, LABELS.alone, current);
  return true;
}
