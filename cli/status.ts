/** `sluice status`: what is true of a service now, and the commands that bring users back, filled in. Nothing is changed. */

import { readArguments } from '../command-line/arguments.ts';
import { typed } from '../functions/core/commands.ts';
import { ODDS_LIMIT } from '../functions/core/judge/constants.ts';
import { duration, oddsInWords } from '../functions/core/numerals.ts';
import type { Lock, ReleaseRecord, ServiceState } from '../functions/core/protocol.ts';
import { COLOURS, type Colour, rolesWhenStableIs, safeColour, shareOf, type Weights } from '../functions/core/roles.ts';
import { type UnnamedRollback, unnamedRollback } from '../functions/core/rollback.ts';
import { ALL, NONE, type Share } from '../functions/core/share.ts';
import type { ColourStatus } from '../functions/ports/fleet.ts';
import type { MinuteEvidence } from '../functions/ports/ledger.ts';
import { commandTo } from '../functions/steps/shared/traffic.ts';
import {
  CANNOT_TELL,
  type Controller,
  controllerOptions,
  isOfAws,
  type Reach,
  sentence,
  tellTrouble,
  withController,
} from './controller/controller.ts';
import { EXIT_CODE } from './controller/follow.ts';
import { showRelease } from './controller/followed.ts';
import { doing } from './screen/frame.ts';
import type { Terminal, Verb } from './screen/verb.ts';
import { printable } from './screen/words.ts';

const options = {
  ...controllerOptions,
  follow: { help: 'stay until the release that runs has ended; the exit code is how' },
  'each-minute': { help: 'with --follow: show quiet minutes too' },
} as const;

export const status = (reach: Reach): Verb => ({
  summary: 'what is true of a service now, and the commands that bring users back',
  usage: 'sluice status --service NAME [options]',
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const problems = [
      ...wrong,
      ...words.map((word) => ({ field: word, message: 'is not understood', fix: `write --service ${word}` })),
    ];
    const { json = false } = values;
    return withController(
      reach,
      values,
      terminal,
      { otherwise: 'Nothing was asked', problems },
      async (controller, service) => {
        const { lock } = values.follow ? await controller.ledger.read() : {};
        if (lock) {
          const everyMinute = values['each-minute'] === true;
          const end = await showRelease(
            controller,
            { execution: lock.owner },
            { service, json, everyMinute },
            terminal,
          );
          return EXIT_CODE[end.outcome];
        }
        let seen: Seen;
        try {
          seen = await look(controller);
        } catch (error) {
          if (!isOfAws(error)) throw error;
          return sayWithoutLedger(controller, error, terminal, json);
        }
        terminal.print(json ? JSON.stringify(asJson(controller, seen)) : asText(controller, seen).join('\n'));
        return 0;
      },
    );
  },
});

interface Seen {
  readonly now: number;
  readonly state: ServiceState;
  readonly weights: Weights;
  /** The candidate's, as the rule says; absent when it sends nobody anywhere. */
  readonly share?: Share | undefined;
  readonly colours: Readonly<Record<Colour, ColourStatus>>;
  /** The release that was opened last. */
  readonly newest?: ReleaseRecord | undefined;
  /** The newest minute that was judged of the release that runs. */
  readonly judged?: MinuteEvidence | undefined;
}

async function look({ ledger, router, fleet, clock }: Controller): Promise<Seen> {
  const [state, weights, newest, ...colours] = await Promise.all([
    ledger.read(),
    router.current(),
    ledger.newestRecord(),
    ...COLOURS.map((colour) => fleet.observe(colour)),
  ]);
  const { lock } = state;
  return {
    now: clock.now(),
    state,
    ...(lock ? { judged: (await ledger.evidence(lock.releaseId)).at(-1) } : {}),
    weights,
    share: shareOf(lock ?? rolesWhenStableIs(state.stable), weights),
    colours: Object.fromEntries(COLOURS.map((colour, index) => [colour, colours[index]!])) as Seen['colours'],
    newest,
  };
}

/** The colour to send everybody to when nothing else works: the one that users trust, unless only the other one answers. */
function safest({ state, colours }: Seen): Colour {
  const { stable, candidate } = state.lock ?? rolesWhenStableIs(state.stable);
  const healthy = { blue: colours.blue.healthy, green: colours.green.healthy };
  return safeColour(healthy, state.lock?.phase === 'closing' ? candidate : stable);
}

/** Bakes that are still to come, and what is left of the present one, in seconds. */
export function secondsToEverybody({ plan, share, phase, stageFrom }: Lock, now: number): number | undefined {
  if (share === ALL || !['opening', 'migrating', 'deploying', 'baking'].includes(phase)) return undefined;
  const baked = stageFrom === undefined ? 0 : now - stageFrom;
  return plan.stages
    .filter((stage) => stage.share >= share)
    .reduce((sum, stage) => sum + Math.max(0, stage.bakeSeconds - (stage.share === share ? baked : 0)), 0);
}

/** What this rolls a service back with: the seed's `aws ecs update-service ... :42`, for somebody who has the AWS CLI only. */
const rollbackByHand = ({ stateMachineArn, settings }: Controller): string =>
  `aws stepfunctions start-execution --region ${settings.traffic.region} --state-machine-arn ${stateMachineArn} --input '{"action":"rollback"}'`;

function asText(controller: Controller, seen: Seen): readonly string[] {
  const { state, now, newest } = seen;
  const { service, traffic } = controller.settings;
  const safe = safest(seen);
  const rows = [...(state.lock ? releaseRows(state.lock, now) : restRows(seen)), ...factRows(seen)];
  return [
    headline(service, seen),
    ...rows.map(([word, text]) => `  ${word.padEnd(9)} ${printable(text)}`),
    '',
    `Why:         ${typed(`why ${state.lock?.releaseId ?? newest?.releaseId ?? ''}`.trim(), service)}`,
    ...(state.lock ? [`Say:         ${typed('hold | resume | promote | abort', service)}`] : []),
    ...rollbackLines(controller, seen),
    `When nothing else works, everybody on ${safe}, at once and past all of us:`,
    commandTo(controller, traffic, safe),
  ];
}

/** What a rollback without a name would do now, where it would do something; else why not, and what to say instead. */
function rollbackLines(controller: Controller, { state, newest }: Seen): readonly string[] {
  const { service } = controller.settings;
  const meant = unnamedRollback(state, newest);
  if (doesSomething(meant))
    return [`Rollback:    ${typed('rollback', service)}`, `  or         ${rollbackByHand(controller)}`];
  const why = 'sentence' in meant ? printable(meant.sentence) : 'a release begins or ends in this second';
  const isStuck = state.lock?.phase === 'stuck';
  return [`Rollback:    ${why}`, `  otherwise  ${typed(isStuck ? 'doctor' : 'rollback --to VERSION', service)}`];
}

const doesSomething = ({ is }: UnnamedRollback): boolean => is === 'abort' || is === 'open';

type Row = readonly [word: string, text: string];

function headline(service: string, { state, share, now, judged }: Seen): string {
  const { lock, stable } = state;
  const { candidate } = lock ?? rolesWhenStableIs(stable);
  const where = share === NONE ? `100 % on ${lock?.stable ?? stable}` : `${share ?? 'no'} % on ${candidate}`;
  const odds = judged && `odds ${oddsInWords(judged.odds)} of ${ODDS_LIMIT}`;
  return [service, where, lock ? doing({ now, lock }).text : 'nothing is being released', odds, lock?.releaseId]
    .filter((part) => part !== undefined)
    .join('   ');
}

function releaseRows(lock: Lock, now: number): readonly Row[] {
  const { plan, waitingFor, askedAt, hold, abort } = lock;
  const shares = plan.stages.map((stage) => stage.share).join('/');
  const left = secondsToEverybody(lock, now);
  const waits = waitsFor(lock);
  return [
    [
      'release',
      `${lock.image} (${lock.digest}) to ${lock.candidate}, ${plan.strategy} ${shares} %, policy ${plan.policy}`,
    ],
    ['opened', `${duration(Math.floor(now - lock.openedAt))} ago by ${lock.owner}`],
    ...(left === undefined || abort
      ? []
      : [
          [
            'left',
            `${Math.ceil(left / 60)} min of bakes until everybody has it, then ${Math.round(plan.warmSeconds / 60)} min warm${hold || askedAt !== undefined ? '; the clock stands still' : ''}`,
          ] as const,
        ]),
    ...(waits === undefined ? [] : [['waits', waits] as const]),
    ...(waitingFor && lock.share === NONE
      ? [['since', `${duration(Math.floor(now - waitingFor.from))}: ${waitingFor.what}`] as const]
      : []),
    ...(abort ? [['rolling back', `by ${abort.by}: ${abort.reason}`] as const] : []),
  ];
}

/** What must happen before it goes on. */
function waitsFor({ phase, hold, askedAt, plan, share, abort, waitingFor }: Lock): string | undefined {
  if (phase === 'stuck') return 'for an operator: sluice doctor';
  if (abort || phase === 'reverting' || phase === 'closing') return 'for the drain: 120 s without a scale-down';
  if (hold) return `for sluice resume; ${hold.by} holds it`;
  if (askedAt !== undefined) return 'for an operator: promote or abort';
  if (phase === 'warm') return 'for the end of the warm time';
  if (waitingFor && phase !== 'baking') return `for ${waitingFor.what}`;
  const approval = plan.stages.find((stage) => stage.share === share)?.approval;
  return phase === 'baking' ? `for the end of this bake${approval ? ', then for approval' : ''}` : undefined;
}

function restRows({ newest, state }: Seen): readonly Row[] {
  if (!newest || newest.releaseId === state.current?.releaseId) return [];
  return [
    ['last', `${newest.image}, ${newest.releaseId}: ${newest.status}${newest.reason ? `, ${newest.reason}` : ''}`],
  ];
}

function factRows({ state, weights, colours }: Seen): readonly Row[] {
  const { current, previous, pending } = state;
  const both = (of: (colour: Colour) => string) => COLOURS.map((colour) => `${colour} ${of(colour)}`).join(', ');
  return [
    ['live', current ? `${current.image}, ${current.releaseId}` : 'what the service began with; nothing was released'],
    ...(previous ? [['before it', `${previous.image}, ${previous.releaseId}`] as const] : []),
    ['rule', `${both((colour) => `${weights[colour]} %`)} (read now)`],
    ['healthy', both((colour) => `${colours[colour].healthy} of ${colours[colour].desired} tasks`)],
    ...(pending ? [['queue', `${pending.image} waits; it starts when the lock is free`] as const] : []),
  ];
}

function asJson(controller: Controller, seen: Seen) {
  const { state, weights, share, colours, now, newest, judged } = seen;
  const { lock, stable, current, previous, pending } = state;
  const left = lock && secondsToEverybody(lock, now);
  const waits = lock && waitsFor(lock);
  return {
    schema: 'sluice.status/1',
    service: state.service,
    stable,
    weights,
    ...(share === undefined ? {} : { share }),
    ...(current ? { current } : {}),
    ...(previous ? { previous } : {}),
    ...(pending ? { pending } : {}),
    ...(lock ? { lock } : {}),
    ...(left === undefined ? {} : { secondsToEverybody: Math.ceil(left) }),
    ...(waits === undefined ? {} : { waitsFor: waits }),
    ...(judged ? { judged } : {}),
    ...(newest ? { newest } : {}),
    colours,
    ...(doesSomething(unnamedRollback(state, newest)) ? { rollback: rollbackByHand(controller) } : {}),
    forceStable: commandTo(controller, controller.settings.traffic, safest(seen)),
  };
}

/** An outage of the ledger is the very day for which the last command is kept: both of them, since nobody knows who is stable. */
async function sayWithoutLedger(
  { fleet, router, settings }: Controller,
  error: unknown,
  terminal: Terminal,
  json: boolean,
): Promise<number> {
  const health = await fleet.health().catch(() => undefined);
  // For the rule's other actions alone.
  await router.current().catch(() => undefined);
  const healthy = (colour: Colour) => (health ? `, ${health[colour]} healthy targets` : '');
  const commands = COLOURS.map(
    (colour) => `Everybody on ${colour}${healthy(colour)}:\n${commandTo({ router }, settings.traffic, colour)}`,
  );
  tellTrouble(terminal, json, 'cannot-tell', `Unknown: ${sentence(error)}. Whatever runs goes on.`);
  if (!json) terminal.tell(`\nIf users suffer now, this needs none of us:\n${commands.join('\n')}`);
  return CANNOT_TELL;
}
