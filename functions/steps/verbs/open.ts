/**
 * Open: checks the input and the moment, then takes the service's lock. Everything that can be refused is refused here,
 * before anything changes.
 */
import { typed } from '../../core/commands.ts';
import { ReleaseRefused } from '../../core/failures.ts';
import { planRelease } from '../../core/plan.ts';
import { type Lock, type Pending, type ReleaseRecord, type ServiceState, writes } from '../../core/protocol.ts';
import { type ImageRequest, parseReleaseInput, type ReleaseRequest } from '../../core/release.ts';
import { rolesWhenStableIs, shareOf } from '../../core/roles.ts';
import { NONE } from '../../core/share.ts';
import type { Image } from '../../ports/registry.ts';
import { startPending } from '../shared/pending.ts';
import { preflight } from '../shared/preflight.ts';
import { clearTheWay, refuseAnotherRelease, rollbackTarget, type Target, wrongImage } from '../shared/rollback.ts';
import type { ServiceSettings } from '../shared/settings.ts';
import { nothing, type Ports, releaseOf, type StepOutput } from '../shared/step.ts';

type OpenPorts = Pick<
  Ports,
  'router' | 'fleet' | 'signals' | 'ledger' | 'registry' | 'executions' | 'notifications' | 'clock'
>;

export interface OpenInput {
  readonly execution: string;
  /** What the execution was started with, as a person or the push rule wrote it. */
  readonly input: unknown;
}

export const open = (ports: OpenPorts, settings: ServiceSettings) =>
  async function openStep({ execution, input }: OpenInput): Promise<StepOutput> {
    const parsed = parseReleaseInput(input, settings);
    if (!parsed.ok) throw new ReleaseRefused('The release was refused; nothing was changed.', parsed.fields);
    // The ledger may change under our eyes (the lock is freed while we queue); then we look again.
    let first: ServiceState | undefined;
    for (let look = 0; look < 3; look++) {
      const seen = await ports.ledger.read();
      first ??= seen;
      if (parsed.request.action === 'rollback') refuseAnotherRelease(seen, first, execution);
      const answer = await tryToOpen(ports, settings, execution, parsed.request, input, seen);
      if (answer) return answer;
    }
    throw new ReleaseRefused('The ledger kept changing while this release opened; start it again.');
  };

async function tryToOpen(
  ports: OpenPorts,
  settings: ServiceSettings,
  execution: string,
  request: ReleaseRequest,
  input: unknown,
  seen: ServiceState,
): Promise<StepOutput | undefined> {
  const { ledger, registry, clock } = ports;
  const { lock, current } = seen;
  if (lock?.owner === execution) return opened(lock);
  const asked = request.action === 'rollback' ? await rollbackTarget(ports, seen, request) : imageOf(request);
  if (asked === 'look again') return undefined;
  if ('answer' in asked) return asked.answer;
  const { target } = asked;
  const image = await registry.resolve(target.reference);
  if (!image)
    throw wrongImage(request, `${target.name} is not in the registry`, 'push it first, or name one that is there');
  if (lock?.digest === image.digest)
    return nothing('duplicate', `${target.name} is being released as ${lock.releaseId}`);
  if (request.action === 'rollback') {
    const answer = await clearTheWay(ports, seen, request, image);
    if (answer === 'look again') return undefined;
    if (answer) return answer;
  }

  const again = request.action === 'rollback' || request.force === true;
  const fromPush = request.action === 'release' && request.source === 'push';
  const pushedAt = fromPush ? (request.pushedAt ?? image.pushedAt) : Math.round(clock.now());
  const needless = await whyNeedless(ports, seen, image, target, { again, fromPush });
  if (needless) return needless;

  const pending: Pending = {
    digest: image.digest,
    image: target.name,
    pushedAt,
    attempt: 1,
    input: asInput(input, request, image, pushedAt),
  };
  if (lock) return queue(ports, pending, lock);

  const planned = planRelease(request, settings, current === undefined);
  if (!planned.ok) throw new ReleaseRefused('The release was refused; nothing was changed.', planned.fields);
  const roles = rolesWhenStableIs(seen.stable);
  if (shareOf(roles, await ports.router.current()) !== NONE) {
    if (fromPush) await ledger.write(writes.keep(pending));
    throw new ReleaseRefused(
      `The rule does not send all requests to ${roles.stable}; put it right first (sluice doctor). ${fromPush ? 'The push waits.' : 'Nothing was changed.'}`,
    );
  }
  await preflight(ports, roles, request);

  const mine = lockFor(seen, execution, request, pending, planned.plan, Math.round(clock.now()));
  const taken = await ledger.write(writes.open(seen, mine, recordOf(mine, request, image), again));
  if (taken.written) await tellDropped(ports, seen, mine);
  if (taken.written || taken.state.lock?.owner === execution) return opened(taken.state.lock!);
  const { pending: newer } = taken.state;
  if (!taken.state.lock && newer && newer.pushedAt > pushedAt) {
    await startPending(ports);
    return nothing('stale', `${newer.image} was pushed after it and waits`);
  }
  return undefined;
}

/** Live already, older than what is live, or released before; a rollback and `force` ask for the same image again. */
async function whyNeedless(
  { ledger }: Pick<OpenPorts, 'ledger'>,
  { current }: ServiceState,
  image: Image,
  { name }: Target,
  { again, fromPush }: { readonly again: boolean; readonly fromPush: boolean },
): Promise<StepOutput | undefined> {
  if (current?.digest === image.digest && !again) return nothing('already live', `${name} is what users get now`);
  if (fromPush && current && image.pushedAt < current.pushedAt)
    return nothing('stale', `${name} was pushed before ${current.image}, which is live`);
  if (!again && (await ledger.record(image.digest)))
    return nothing('duplicate', `${name} was released before; say "force": true to release it again`);
  return undefined;
}

/** The release's own lock, as it opens. */
const lockFor = (
  { fence, stable }: ServiceState,
  owner: string,
  request: ReleaseRequest,
  { digest, image, pushedAt }: Pending,
  plan: Lock['plan'],
  openedAt: number,
): Lock => ({
  owner,
  releaseId: releaseIdAt(openedAt),
  digest,
  image,
  pushedAt,
  fence: fence + 1,
  ...rolesWhenStableIs(stable),
  plan,
  phase: 'opening',
  share: NONE,
  openedAt,
  ...(request.action === 'release' && request.hotfix ? { hotfix: request.hotfix } : {}),
  ...(request.action === 'rollback' ? { rollback: true } : {}),
  ticks: 0,
});

/** What waited and is older than this release will not be started any more: whoever pushed it should know. */
async function tellDropped(
  { notifications }: OpenPorts,
  { pending, service }: ServiceState,
  lock: Lock,
): Promise<void> {
  if (!pending || pending.digest === lock.digest) return;
  await notifications.send({
    kind: 'queued',
    releaseId: lock.releaseId,
    title: `${pending.image} waits no longer: ${lock.image} is newer`,
    body: `It was pushed before ${lock.releaseId} was asked for. Push or start it again if it is wanted.`,
    next: [typed('status', service)],
  });
}

async function queue(
  { ledger, notifications }: OpenPorts,
  pending: Pending,
  lock: Lock,
): Promise<StepOutput | undefined> {
  const queued = await ledger.write(writes.queue(pending));
  if (queued.written) {
    await notifications.send({
      kind: 'queued',
      title: `${pending.image} waits for ${lock.releaseId}`,
      body: 'It starts by itself when the running release has ended; a newer push would take its place.',
      next: [typed('status', queued.state.service)],
    });
    return nothing('queued', `${pending.image} waits until ${lock.releaseId} has ended`);
  }
  const { lock: still, pending: newer } = queued.state;
  if (!still) return undefined;
  if (still.digest === pending.digest || newer?.digest === pending.digest)
    return nothing('duplicate', `${pending.image} is on its way already`);
  return nothing('stale', `${newer?.image ?? 'another image'} was pushed after it and waits`);
}

const imageOf = ({ image }: ImageRequest): { readonly target: Target } => ({
  target: { reference: image, name: image },
});

/** What was asked, so that it means the same when it opens later: a rollback names its image. */
const asInput = (input: unknown, { action }: ReleaseRequest, { digest }: Image, pushedAt: number) => ({
  ...(input as Record<string, unknown>),
  ...(action === 'rollback' ? { to: digest } : { pushedAt }),
});

const recordOf = (lock: Lock, request: ReleaseRequest, { pushedAt }: Image): ReleaseRecord => ({
  releaseId: lock.releaseId,
  digest: lock.digest,
  image: lock.image,
  pushedAt,
  status: 'open',
  fence: lock.fence,
  openedAt: lock.openedAt,
  opened: { owner: lock.owner, stable: lock.stable, candidate: lock.candidate, plan: lock.plan },
  // The digest may have a record from before: what that says of it no longer holds.
  rollback: request.action === 'rollback',
  // A migration that ran stays run: a rollback brings the version back and migrates nothing.
  ...(lock.plan.migrates ? { migrated: true } : {}),
  ...(request.action === 'release' && request.schemaCompatible !== undefined
    ? { schemaCompatible: request.schemaCompatible }
    : {}),
  ...(request.action === 'release' && request.downgradeSafe !== undefined
    ? { downgradeSafe: request.downgradeSafe }
    : {}),
});

/** `r-20261124-140233`: readable, sortable, and one release a second is more than a lock lets through. */
const releaseIdAt = (instant: number): string =>
  `r-${new Date(instant * 1000).toISOString().slice(0, 19).replace(/[-:]/g, '').replace('T', '-')}`;

const opened = (lock: Lock): StepOutput => ({
  summary: `${lock.releaseId}: ${lock.image} opened, ${lock.stable} is stable, ${lock.candidate} the candidate`,
  verdict: 'opened',
  share: NONE,
  waitSeconds: 0,
  release: releaseOf(lock),
});
