/** `sluice doctor`: looks at everything that a release needs and says what is wrong, each with its cure. Changes nothing. */

import { readArguments } from '../command-line/arguments.ts';
import { typed } from '../functions/core/commands.ts';
import { duration } from '../functions/core/numerals.ts';
import type { Lock, ServiceState } from '../functions/core/protocol.ts';
import { RECONCILER } from '../functions/core/protocol.ts';
import { COLOURS, otherColour, rolesWhenStableIs, shareOf } from '../functions/core/roles.ts';
import { NONE } from '../functions/core/share.ts';
import { lostPush } from '../functions/steps/shared/pending.ts';
import { wrongWithStable } from '../functions/steps/shared/preflight.ts';
import {
  type Controller,
  controllerOptions,
  isOfAws,
  type Reach,
  sentence,
  withController,
} from './controller/controller.ts';
import type { Verb } from './screen/verb.ts';
import { printable } from './screen/words.ts';

const FOUND = 1;

export const doctor = (reach: Reach): Verb => ({
  summary: 'what is wrong with a service and its controller, and how to fix it; nothing is changed',
  usage: 'sluice doctor --service NAME [options]',
  options: controllerOptions,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, controllerOptions);
    const problems = [
      ...wrong,
      ...words.map((word) => ({ field: word, message: 'is not understood', fix: `write --service ${word}` })),
    ];
    return withController(
      reach,
      values,
      terminal,
      { otherwise: 'Nothing was looked at', problems },
      async (controller, service) => {
        const state = await controller.ledger.read();
        const checks = await Promise.all(
          Object.entries(CHECKS).map(async ([name, check]) => ({
            name,
            findings: await tried(check, controller, state),
          })),
        );
        const count = checks.reduce((sum, { findings }) => sum + findings.length, 0);
        if (values.json) terminal.print(JSON.stringify({ schema: 'sluice.doctor/1', service, checks }));
        else
          terminal.print(
            [
              ...checks.flatMap(({ name, findings }) =>
                findings.length === 0
                  ? [`well   ${name}`]
                  : findings.flatMap(({ what, cure }) => [
                      terminal.paint('red', `WRONG  ${name}: ${printable(what)}`),
                      `       fix: ${printable(cure)}`,
                    ]),
              ),
              '',
              count === 0
                ? 'All is well. Not looked at, because it takes a write: the right to change the rule. A start tries that first.'
                : `${count === 1 ? '1 thing is' : `${count} things are`} wrong. What is true now: ${typed('status', service)}`,
            ].join('\n'),
          );
        return count === 0 ? 0 : FOUND;
      },
    );
  },
});

interface Finding {
  readonly what: string;
  readonly cure: string;
}

type Check = (controller: Controller, state: ServiceState) => Promise<readonly (Finding | false)[]>;

/** What cannot be looked at is a finding too: mostly a right that is missing. */
async function tried(check: Check, controller: Controller, state: ServiceState): Promise<readonly Finding[]> {
  try {
    return (await check(controller, state)).filter((finding) => finding !== false);
  } catch (error) {
    if (!isOfAws(error)) throw error;
    return [{ what: `could not be read: ${sentence(error)}`, cure: 'give this right, or ask again when AWS answers' }];
  }
}

const RECONCILER_DOES_IT = 'wait two minutes, the reconciler does it; if not, look at its alarm and its log';

const CHECKS: Readonly<Record<string, Check>> = {
  'the release that runs': async ({ executions }, { lock }) => {
    if (!lock) return [];
    return [
      lock.phase === 'stuck' && {
        what: `${lock.releaseId} is stuck: ${lock.reason ?? 'nobody said why'}`,
        cure: 'docs/runbook.md, "Stuck": bring a colour up, force-stable (sluice status prints it), free the lock',
      },
      lock.phase !== 'stuck' &&
        lock.owner !== RECONCILER &&
        (await executions.status(lock.owner)) !== 'RUNNING' && {
          what: `${lock.releaseId} holds the lock, and its execution has ended`,
          cure: RECONCILER_DOES_IT,
        },
      lock.askedAt !== undefined &&
        !lock.abort && {
          what: `${lock.releaseId} waits for an operator at ${lock.share} %`,
          cure: 'sluice why, then sluice promote or sluice abort',
        },
    ];
  },

  'the rule': async ({ router }, state) => {
    const roles = state.lock ?? rolesWhenStableIs(state.stable);
    const share = shareOf(roles, await router.current());
    const meant = sharesMeant(state.lock);
    return [
      !meant.some((one) => one === share) && {
        what: `it sends ${share ?? 'no'} % to ${roles.candidate}, and the ledger says ${meant.join(' or ')} %`,
        cure: state.lock ? 'a running release takes this for a correction and rolls back' : RECONCILER_DOES_IT,
      },
    ];
  },

  'the tasks with users': async ({ fleet, router }) => {
    const [health, weights] = await Promise.all([fleet.health(), router.current()]);
    return COLOURS.map(
      (colour) =>
        weights[colour] > 0 &&
        health[colour] === 0 && {
          what: `${colour} has ${weights[colour]} % of the requests and no healthy target`,
          cure: `force-stable to ${otherColour(colour)} if that one answers (sluice status prints it); then the logs of ${colour}`,
        },
    );
  },

  'the version to roll back to': async (controller, { stable }) => {
    const wrong = await wrongWithStable(controller, rolesWhenStableIs(stable), await controller.signals.alarms());
    return wrong.map(({ message, fix }) => ({ what: message, cure: fix }));
  },

  'the image of stable': async ({ fleet }, { stable, current, lock }) => {
    if (lock || !current) return [];
    const { digest } = await fleet.observe(stable);
    return [
      digest !== current.digest && {
        what: `${stable} runs ${digest ?? 'an image of nobody'}, and ${current.image} (${current.digest}) was released there`,
        cure: `somebody deployed without Sluice: release the version that should be there`,
      },
    ];
  },

  scaling: async ({ fleet }, { stable, lock }) => {
    if (lock) return [];
    const [trusted, idle] = await Promise.all([fleet.observe(stable), fleet.observe(otherColour(stable))]);
    return [
      trusted.scalingSuspended && {
        what: `of ${stable} rests, and nothing is being released`,
        cure: RECONCILER_DOES_IT,
      },
      idle.desired > 0 && {
        what: `${otherColour(stable)} has no users and runs ${idle.desired} tasks`,
        cure: 'set its desired count to 0; the next release does not mind either way',
      },
    ];
  },

  pushes: async (controller, { pending, lock, current }) => {
    const lost = await lostPush(controller, { current }, [pending?.digest]);
    return [
      pending !== undefined &&
        !lock && { what: `${pending.image} waits, and nothing is being released`, cure: RECONCILER_DOES_IT },
      lost !== undefined &&
        current !== undefined && {
          what: `${lost.tag} was pushed ${duration(Math.floor((controller.clock.now() - lost.pushedAt) / 60) * 60)} ago and never started`,
          cure: `its event was lost: sluice start ${lost.tag}`,
        },
    ];
  },
};

/** The share that is confirmed, and during a shift the one that it moves to. */
const sharesMeant = (lock: Lock | undefined): readonly number[] =>
  lock ? [...new Set([lock.share, lock.intent ?? lock.share])] : [NONE];
