/** What the commands that follow a release show of it, and what they say at its end. */

import { typed } from '../../functions/core/commands.ts';
import { duration } from '../../functions/core/numerals.ts';
import { errorAnnotation } from '../screen/github.ts';
import { type Line, REVERT_BUDGET_SECONDS } from '../screen/lines.ts';
import { liveProgress, type Progress, plainProgress } from '../screen/progress.ts';
import type { Terminal } from '../screen/verb.ts';
import { printable } from '../screen/words.ts';
import type { Controller } from './controller.ts';
import { type Ended, EXIT_CODE, type Followed, follow } from './follow.ts';

export interface Showing {
  readonly service: string;
  readonly json: boolean;
  readonly everyMinute: boolean;
}

export interface Starting {
  readonly schema: 'sluice.start/1' | 'sluice.rollback/1';
  readonly execution: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly digest?: string | undefined;
  /** How long it takes, said before anything else. */
  readonly estimate?: string;
  /** Whose end is waited for. @default - nobody waits */
  readonly followed?: Followed | undefined;
  /** The end that was asked for, when it is not that everybody has it. */
  readonly wanted?: Ended['outcome'] | undefined;
}

/** Starts it and says so, and stays to its end where one is waited for; answers with the exit code. */
export async function startRelease(
  controller: Controller,
  { followed, wanted, estimate, ...started }: Starting,
  showing: Showing,
  terminal: Terminal,
): Promise<number> {
  const { schema, execution, input, digest } = started;
  const { service, json } = showing;
  const begin = async (): Promise<void> => {
    // Said first: what it will do may be what makes a person stop.
    if (!json && estimate) terminal.print(estimate);
    await controller.executions.start(execution, input);
    const watchIt = followed ? '\n' : ` Watch it: ${typed('status --follow', service)}`;
    if (!json) terminal.print(`Started ${execution}.${watchIt}`);
    else if (!followed) terminal.print(JSON.stringify({ schema, service, execution, digest, input, estimate }));
  };
  if (!followed) {
    await begin();
    return 0;
  }
  const { outcome } = await showRelease(controller, followed, showing, terminal, begin);
  return outcome === wanted ? 0 : EXIT_CODE[outcome];
}

/** Shows it to its end and says how it ended. `begin` is done first. */
export async function showRelease(
  controller: Controller,
  followed: Followed,
  { service, json, everyMinute }: Showing,
  terminal: Terminal,
  begin?: () => Promise<void>,
): Promise<Ended> {
  const progress = json ? eventLines(terminal) : shown(terminal, service);
  let hasBegun = begin === undefined;
  terminal.onInterrupt(async () => {
    progress.end();
    if (json) return '';
    return hasBegun
      ? `Stopped watching; the release goes on. Look again: ${typed('status --follow', service)}`
      : `Stopped. It may have been started all the same: see ${typed('status', service)}`;
  });
  try {
    await begin?.();
    hasBegun = true;
    const end = await follow(controller, followed, { progress, everyMinute });
    progress.end();
    terminal.print(json ? JSON.stringify(asJson(end, service)) : `\n${closing(end, service, terminal)}`);
    if (!json && terminal.environment['GITHUB_ACTIONS'] && !isGood(end))
      terminal.print(errorAnnotation(headline(end), end.reason));
    return end;
  } finally {
    progress.end();
  }
}

const shown = ({ isInteractive, screen, display }: Terminal, service: string): Progress =>
  isInteractive
    ? liveProgress(
        screen,
        display,
        service,
        `Ctrl-C leaves; the release goes on.   ${typed('hold | promote | abort', service)}`,
      )
    : plainProgress(screen, display, true);

/** With `--json`: one object a line. */
const eventLines = ({ print }: Terminal): Progress => ({
  tell: ({ at, share, word, text }: Line) =>
    print(JSON.stringify({ schema: 'sluice.event/1', at: Math.floor(at), kind: word, share, text })),
  look() {},
  end() {},
});

const asJson = ({ outcome, reason, share, releaseId, record }: Ended, service: string) => ({
  schema: 'sluice.end/1',
  service,
  outcome,
  reason,
  share,
  ...(releaseId === undefined ? {} : { releaseId }),
  ...(record?.secondsFromVerdictToStable === undefined
    ? {}
    : { secondsFromVerdictToStable: record.secondsFromVerdictToStable }),
});

/** The block at the end: how it ended, and what to type next. */
function closing(end: Ended, service: string, { paint }: Terminal): string {
  const { reason, record } = end;
  const back = record?.secondsFromVerdictToStable;
  const stable = record?.opened?.stable ?? 'stable';
  const rows: readonly (readonly [string, string])[] = [
    ...(record?.endedAt === undefined ? [] : [['Took', duration(record.endedAt - record.openedAt)] as const]),
    ...(back === undefined
      ? []
      : [
          [
            'Back',
            `all requests on ${stable} ${back} s after the verdict (budget ${REVERT_BUDGET_SECONDS} s)`,
          ] as const,
        ]),
    ['Why', reason.split('\n').map(printable).join('\n          ')],
    ['Next', typed(nextAfter(end), service)],
  ];
  return [
    paint(isGood(end) ? 'bold' : 'red', headline(end)),
    ...rows.map(([word, text]) => `  ${word.padEnd(7)} ${text}`),
  ].join('\n');
}

/** No rollback is advised of what is a rollback: nothing would be done. */
const nextAfter = ({ outcome, releaseId, record }: Ended): string =>
  (record?.rollback && outcome === 'promoted' ? 'status' : NEXT[outcome]) ?? `why ${releaseId ?? ''}`.trim();

const NEXT: Readonly<Partial<Record<Ended['outcome'], string>>> = {
  promoted: 'rollback',
  live: 'status',
  refused: 'doctor',
  nothing: 'status',
  stuck: 'doctor',
  waits: 'promote | abort',
  unknown: 'status',
};

const isGood = ({ outcome }: Ended): boolean => outcome === 'promoted' || outcome === 'live';

function headline({ outcome, share }: Ended): string {
  switch (outcome) {
    case 'promoted':
      return 'PROMOTED: everybody has it.';
    case 'live':
      return 'LIVE already.';
    case 'reverted':
      return share > 0 ? `REVERTED at ${share} %.` : 'REVERTED before any user met it.';
    case 'refused':
      return 'REFUSED, nothing was changed.';
    case 'nothing':
      return 'NOT RELEASED.';
    case 'stuck':
      return 'STUCK: an operator must decide.';
    case 'waits':
      return `WAITS for an operator at ${share} %.`;
    case 'unknown':
      return 'UNKNOWN: it cannot be seen from here.';
  }
}
