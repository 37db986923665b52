/** `sluice rollback`: users back to what they had before. Says first how long that takes, honestly. */

import type { WrongField } from '../functions/core/failures.ts';
import { ReleaseRefused } from '../functions/core/failures.ts';
import { duration } from '../functions/core/numerals.ts';
import { type Lock, SETTLE_SECONDS, type ServiceState } from '../functions/core/protocol.ts';
import { parseReleaseInput } from '../functions/core/release.ts';
import { readArguments } from './arguments.ts';
import { type Controller, controllerOptions, type Reach, withController } from './controller.ts';
import { startRelease } from './followed.ts';
import type { Verb } from './verb.ts';

const options = {
  ...controllerOptions,
  to: { value: 'VERSION', help: 'a release tag, commit sha, digest or release id (the one before)' },
  reason: { value: 'TEXT', help: 'why; it stands in the record and in the notice' },
  'accept-schema': { help: 'the older code runs on the newer database schema' },
  follow: { help: 'stay until users are back; the exit code is how it ended' },
} as const;

const NOTHING = 'Nothing was rolled back';

export const rollback = (reach: Reach): Verb => ({
  summary: 'bring users back to the version before, or to a named one',
  usage: 'sluice rollback --service NAME [--to VERSION] [options]',
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const { to, reason, json = false } = values;
    const problems = [
      ...wrong,
      ...words.map((word) => ({ field: word, message: 'is not understood', fix: `write --to ${word}` })),
    ];
    const input = {
      action: 'rollback',
      ...(to === undefined ? {} : { to }),
      ...(reason === undefined ? {} : { reason }),
      ...(values['accept-schema'] ? { acceptSchema: true } : {}),
    };
    return withController(
      reach,
      values,
      terminal,
      {
        otherwise: NOTHING,
        unanswered: 'It may have been started all the same: sluice status tells',
        problems,
        asFlag,
      },
      async (controller, service) => {
        const { estimate, digest, going } = await foresee(controller, input);
        const execution = `rollback-${Math.round(controller.clock.now())}`;
        // What goes back is the release that runs; the execution that is started only gives the order.
        const follows = going ? { execution: going.owner } : { execution, digest };
        return startRelease(
          controller,
          {
            schema: 'sluice.rollback/1',
            execution,
            input,
            estimate,
            followed: values.follow ? follows : undefined,
            wanted: going && 'reverted',
          },
          { service, json, everyMinute: false },
          terminal,
        );
      },
    );
  },
});

interface Foreseen {
  readonly estimate: string;
  readonly digest?: string;
  /** The release that goes back: users return to what they had, and nothing new is started. */
  readonly going?: Lock;
}

/** @throws ReleaseRefused for what Open would refuse */
async function foresee(controller: Controller, input: { readonly to?: string }): Promise<Foreseen> {
  const { settings, ledger, registry } = controller;
  const parsed = parseReleaseInput(input, settings);
  if (!parsed.ok) throw new ReleaseRefused(NOTHING, parsed.fields);
  const state = await ledger.read();
  const { lock } = state;
  if (lock?.phase === 'stuck')
    throw new ReleaseRefused(`${lock.releaseId} is stuck: ${lock.reason}. A person must decide: sluice doctor`);
  const named = input.to === undefined ? undefined : ((await ledger.record(input.to))?.digest ?? input.to);
  if (lock && lock.phase !== 'closing' && (named === undefined || named === state.current?.digest))
    return { estimate: whileItRuns(lock), going: lock };

  const reference = named ?? (lock ? state.current?.digest : state.previous?.digest);
  if (reference === undefined)
    throw refusedTo('there is no earlier release of this service', 'name a version with --to');
  const image = await registry.resolve(reference);
  if (!image) throw refusedTo(`${input.to ?? reference} is not in the registry`, 'name one that is there');
  return { estimate: later(state, input.to ?? nameOf(state, image.digest), settings), digest: image.digest };
}

const refusedTo = (message: string, fix: string): ReleaseRefused =>
  new ReleaseRefused(NOTHING, [{ field: 'to', message, fix }]);

const nameOf = ({ current, previous }: ServiceState, digest: string): string =>
  [current, previous].find((release) => release?.digest === digest)?.image ?? digest;

function whileItRuns({ releaseId, stable, phase }: Lock): string {
  if (phase === 'reverting')
    return `${releaseId} goes back already: all requests are on ${stable}, or will be in seconds.`;
  return `${releaseId} goes back: its old tasks are still there, so all requests are on ${stable} within seconds of the order, two minutes at the very most.`;
}

/** The tasks are gone: new ones must start and become healthy before anybody is sent there. */
function later(
  { lock }: ServiceState,
  name: string,
  { readyWithinSeconds }: { readonly readyWithinSeconds: number },
): string {
  const first = lock ? `${before(lock)} Then ` : '';
  const how = `tasks of ${name} are started and get everybody at once when they are healthy and probed`;
  return `${first}${first ? how : `T${how.slice(1)}`}: as long as they need for that, some minutes mostly; after ${duration(readyWithinSeconds)} it gives up, and users stay where they are.`;
}

const before = ({ releaseId, phase, stable }: Lock): string =>
  phase === 'closing'
    ? `${releaseId} is past its point of no return, so this waits until it has closed, ${duration(SETTLE_SECONDS)} or more.`
    : `${releaseId} goes back first: all requests are on ${stable} within seconds, and its lock is free in about three minutes.`;

/** The input's fields by the flags that write them. */
const FLAG_OF: Readonly<Record<string, string>> = { to: '--to', reason: '--reason', acceptSchema: '--accept-schema' };

const asFlag = ({ field, message, fix }: WrongField): WrongField => ({ field: FLAG_OF[field] ?? field, message, fix });
