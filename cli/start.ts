/** `sluice start`: starts a release, and with `--follow` stays until it has ended. */

import { readArguments } from '../command-line/arguments.ts';
import type { WrongField } from '../functions/core/failures.ts';
import { rolesWhenStableIs, shareOf } from '../functions/core/roles.ts';
import { NONE } from '../functions/core/share.ts';
import { wrongWithStable } from '../functions/steps/shared/preflight.ts';
import { type Controller, controllerOptions, type Reach, withController } from './controller/controller.ts';
import { startRelease } from './controller/followed.ts';
import { asFlag, clashes, distinct, inputOf, planOf, requestOptions } from './controller/request.ts';
import type { Verb } from './screen/verb.ts';

const options = {
  ...controllerOptions,
  follow: { help: 'stay until it has ended; the exit code is how' },
  'each-minute': { help: 'with --follow: show quiet minutes too' },
  ...requestOptions,
} as const;

const NOTHING = 'Nothing was started';

export const start = (reach: Reach): Verb => ({
  summary: 'start a release of an image; --follow stays until it has ended',
  usage: 'sluice start IMAGE --service NAME [options]',
  options,
  async run(argv, terminal) {
    const { values, words, wrong } = readArguments(argv, options);
    const [image, ...more] = words;
    const problems = distinct([
      ...wrong,
      ...more.map((word) => ({ field: word, message: 'is one image too many', fix: 'give one' })),
      ...(image === undefined && values.input === undefined && !wrong.some(({ field }) => field === '--input')
        ? [{ field: 'IMAGE', message: 'is missing', fix: 'name a release tag (v1.2.3), a commit sha or a digest' }]
        : []),
      ...clashes(values, image === undefined ? undefined : 'IMAGE'),
    ]);
    const input = inputOf(image, values);
    const flagged = (field: WrongField) => asFlag(field, values, 'IMAGE');
    return withController(
      reach,
      values,
      terminal,
      { otherwise: NOTHING, unanswered: 'It may have been started all the same: see sluice status', problems },
      async (controller, service) => {
        const { refused = [], isLive, digest } = await foresee(controller, input);
        if (isLive) {
          const summary = `${image ?? digest} is what users get now; nothing was started`;
          terminal.print(
            values.json ? JSON.stringify({ schema: 'sluice.start/1', service, digest, summary }) : `${summary}.`,
          );
          return 0;
        }
        if (refused.length > 0) return terminal.refuse(NOTHING, distinct(refused.map(flagged)), values.json === true);
        const execution = `by-hand-${Math.round(controller.clock.now())}-${digest?.slice(-8)}`;
        return startRelease(
          controller,
          {
            schema: 'sluice.start/1',
            execution,
            input: input as Readonly<Record<string, unknown>>,
            digest,
            followed: values.follow ? { execution, digest } : undefined,
          },
          { service, json: values.json === true, everyMinute: values['each-minute'] === true },
          terminal,
        );
      },
    );
  },
});

interface Foreseen {
  /** What Open would refuse, all at once. */
  readonly refused?: readonly WrongField[];
  readonly digest?: string;
  /** Users have it already. */
  readonly isLive?: boolean;
}

/** Looks before anything is started, as Open will: at the input, the image, and, unless it will wait, at stable. */
async function foresee({ settings, ledger, registry, router, ...rest }: Controller, input: unknown): Promise<Foreseen> {
  const state = await ledger.read();
  const planned = planOf(input, settings, state.current === undefined);
  if ('fields' in planned) return { refused: planned.fields };
  const { request } = planned;
  if (request.action === 'rollback')
    return { refused: [{ field: 'action', message: 'is a rollback', fix: 'type sluice rollback' }] };
  const image = await registry.resolve(request.image);
  if (!image) {
    const message = `${request.image} is not in the registry`;
    return { refused: [{ field: 'image', message, fix: 'push it first, or name one that is there' }] };
  }
  const { digest } = image;
  if (!request.force && !state.lock && state.current?.digest === digest) return { digest, isLive: true };
  const before = request.force || state.lock?.digest === digest ? undefined : await ledger.record(digest);
  if (before) {
    const message = `${request.image} was released before as ${before.releaseId} (${before.status})`;
    return { refused: [{ field: 'image', message, fix: 'push a new one, or say --force' }] };
  }
  if (state.lock) return { digest };
  const roles = rolesWhenStableIs(state.stable);
  const share = shareOf(roles, await router.current());
  const elsewhere: readonly WrongField[] =
    share === NONE
      ? []
      : [
          {
            field: 'rule',
            message: `does not send all requests to ${roles.stable}`,
            fix: 'wait two minutes, the reconciler puts it right; sluice doctor says more',
          },
        ];
  const broken = request.hotfix ? [] : await wrongWithStable(rest, roles, await rest.signals.alarms());
  return { refused: [...elsewhere, ...broken], digest };
}
