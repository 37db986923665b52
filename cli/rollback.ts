/** `sluice rollback`: users back to what they had before. Says first how long that takes, honestly. */

import { readArguments } from '../command-line/arguments.ts';
import { typed } from '../functions/core/commands.ts';
import type { WrongField } from '../functions/core/failures.ts';
import { ReleaseRefused } from '../functions/core/failures.ts';
import { duration } from '../functions/core/numerals.ts';
import { type Lock, SETTLE_SECONDS, type ServiceState } from '../functions/core/protocol.ts';
import { parseReleaseInput } from '../functions/core/release.ts';
import { needsNewest, unnamedRollback } from '../functions/core/rollback.ts';
import { type Controller, controllerOptions, type Reach, withController } from './controller/controller.ts';
import { EXIT_CODE } from './controller/follow.ts';
import { showRelease, startRelease } from './controller/followed.ts';
import type { Terminal, Verb } from './screen/verb.ts';

const options = {
  ...controllerOptions,
  to: { value: 'VERSION', help: 'a release tag, commit sha, digest or release id (the one before the newest release)' },
  reason: { value: 'TEXT', help: 'the reason; it is written into the record and the notification' },
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
        unanswered: 'It may have been started all the same: see sluice status',
        problems,
        asFlag,
      },
      async (controller, service) => {
        const foreseen = await foresee(controller, input);
        if ('unneeded' in foreseen) return sayUnneeded(controller, foreseen, values, service, terminal);
        const { estimate, digest, going } = foreseen;
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

/** There is nothing to start. */
interface Unneeded {
  /** What users have, and since when; or who brings it. */
  readonly unneeded: string;
  /** The rollback that brings it. */
  readonly carriedOutBy?: Lock;
}

/** @throws ReleaseRefused for what Open would refuse */
async function foresee(controller: Controller, input: { readonly to?: string }): Promise<Foreseen | Unneeded> {
  const { settings, ledger } = controller;
  const parsed = parseReleaseInput(input, settings);
  if (!parsed.ok) throw new ReleaseRefused(NOTHING, parsed.fields);
  const state = await ledger.read();
  if (input.to === undefined) return foreseeUnnamed(controller, state);
  const { lock } = state;
  if (lock?.phase === 'stuck')
    throw new ReleaseRefused(`${lock.releaseId} is stuck: ${lock.reason}. An operator must decide: sluice doctor`);
  const digest = (await ledger.record(input.to))?.digest ?? input.to;
  if (lock && lock.phase !== 'closing' && digest === state.current?.digest)
    return { estimate: whileItRuns(lock), going: lock };
  return foreseeOpened(controller, state, digest, input.to);
}

async function foreseeUnnamed(controller: Controller, state: ServiceState): Promise<Foreseen | Unneeded> {
  const { ledger } = controller;
  const meant = unnamedRollback(state, needsNewest(state) ? await ledger.newestRecord() : undefined);
  switch (meant.is) {
    case 'abort':
      return { estimate: whileItRuns(meant.lock), going: meant.lock };
    case 'open':
      return foreseeOpened(controller, state, meant.release.digest, meant.release.image);
    case 'on its way':
      return { unneeded: meant.sentence, carriedOutBy: meant.lock };
    case 'done':
      return { unneeded: meant.sentence };
    case 'refused':
      throw refusedTo(meant.sentence, meant.fix.replace('"to"', '--to'));
    case 'look again':
      throw refusedTo('a release began or ended in this second', 'look at sluice status, and type it again');
  }
}

async function foreseeOpened(
  { settings, registry }: Controller,
  state: ServiceState,
  reference: string,
  name: string,
): Promise<Foreseen | Unneeded> {
  const image = await registry.resolve(reference);
  if (!image) throw refusedTo(`${name} is not in the registry`, 'name one that is there');
  const { lock } = state;
  if (lock?.digest === image.digest && lock.phase !== 'reverting')
    return { unneeded: `${name} is being released already, as ${lock.releaseId}`, carriedOutBy: lock };
  return { estimate: later(state, name, settings), digest: image.digest };
}

/** Users have it, or somebody's rollback brings it: with `--follow` that one is followed to its end. */
async function sayUnneeded(
  controller: Controller,
  { unneeded, carriedOutBy }: Unneeded,
  { follow = false, json = false }: { readonly follow?: boolean | undefined; readonly json?: boolean | undefined },
  service: string,
  terminal: Terminal,
): Promise<number> {
  const summary = `${unneeded}; nothing was started`;
  if (!follow || !carriedOutBy) {
    const outcome = carriedOutBy ? 'on its way' : 'live';
    const text = `${summary}. For another version: ${typed('rollback --to VERSION', service)}`;
    terminal.print(json ? JSON.stringify({ schema: 'sluice.rollback/1', service, outcome, summary }) : text);
    return 0;
  }
  if (!json) terminal.tell(`${summary}.`);
  const { outcome } = await showRelease(
    controller,
    { execution: carriedOutBy.owner },
    { service, json, everyMinute: false },
    terminal,
  );
  return EXIT_CODE[outcome];
}

const refusedTo = (message: string, fix: string): ReleaseRefused =>
  new ReleaseRefused(NOTHING, [{ field: 'to', message, fix }]);

function whileItRuns({ releaseId, stable, phase }: Lock): string {
  if (phase === 'reverting')
    return `${releaseId} is being rolled back already: all requests are on ${stable}, or will be in seconds.`;
  return `${releaseId} is rolled back: the old tasks are still there, so all requests are on ${stable} within seconds of the order, two minutes at the very most.`;
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
    : `${releaseId} is rolled back first: all requests are on ${stable} within seconds, and its lock is free in about three minutes.`;

/** The input's fields by the flags that write them. */
const FLAG_OF: Readonly<Record<string, string>> = { to: '--to', reason: '--reason', acceptSchema: '--accept-schema' };

const asFlag = ({ field, message, fix }: WrongField): WrongField => ({ field: FLAG_OF[field] ?? field, message, fix });
