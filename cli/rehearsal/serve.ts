/**
 * The live rehearsal in a browser: the report, new twice a second, with buttons. Only this machine reaches it, and no
 * other page that its browser shows can press a button: a request must name our own address (against names that are
 * made to lead here), and a press must come from our own page.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { OPERATOR_COMMANDS } from '../../functions/core/commands.ts';
import { ReleaseRefused } from '../../functions/core/failures.ts';
import type { Account } from '../../rehearsal/account.ts';
import type { Controls } from '../../rehearsal/options.ts';
import type { FaultName } from '../../rehearsal/scenarios.ts';
import { START } from '../../rehearsal/timeline.ts';
import type { RunRecord } from '../../report/record.ts';
import { reportHtml } from '../../report/report.ts';
import type { Line } from '../screen/lines.ts';
import { isFault, isWord, steeringBar } from './steering-bar.ts';

export interface ControlPage {
  readonly url: string;
  /** Something was pressed. */
  readonly isSteered: boolean;
  /** The rehearsal can be watched and steered from now on. */
  board(controls: Controls): void;
  /** Nothing can be pressed any more; the page stays. */
  land(): void;
  close(): void;
}

export interface ControlPageOptions {
  /** @default - a free one */
  readonly port: number | undefined;
  readonly record: (account: Account) => RunRecord;
  /** What was switched becomes part of the story. */
  readonly tell: (line: Line) => void;
}

interface Answer {
  readonly status: number;
  readonly text: string;
  /** @default - plain text */
  readonly type?: string;
}

const OVER: Answer = { status: 409, text: 'The rehearsal is over.' };

const LOOPBACK = '127.0.0.1';

/** Rejects when the port is taken. */
export async function openControlPage({ port = 0, record, tell }: ControlPageOptions): Promise<ControlPage> {
  let board: (controls: Controls) => void = () => {};
  const boarded = new Promise<Controls>((resolve) => {
    board = resolve;
  });
  const faults = new Set<FaultName>();
  let land: () => void = () => {};
  const ended = new Promise<undefined>((resolve) => {
    land = () => resolve(undefined);
  });
  let isOver = false;
  let isSteered = false;

  const server = createServer((request, response) => {
    void answerTo(request)
      .catch((error: unknown): Answer => {
        const why = error instanceof Error ? error.message : String(error);
        return { status: 500, text: `That did not work: ${why}. The rehearsal goes on.` };
      })
      .then(({ status, text, type = 'text/plain' }) =>
        response.writeHead(status, { ...HEADERS, 'content-type': `${type}; charset=utf-8` }).end(text),
      );
  });

  async function answerTo(request: IncomingMessage): Promise<Answer> {
    if (!isFromHere(request)) return { status: 403, text: 'This page answers only to itself.' };
    const { method, url = '' } = request;
    if (method === 'POST') return press(await boarded, url);
    if (method !== 'GET' || url !== '/') return { status: 404, text: 'There is nothing here.' };
    const { account } = await boarded;
    return { status: 200, text: reportHtml(record(account()), steeringBar({ faults, isOver })), type: 'text/html' };
  }

  async function press(controls: Controls, path: string): Promise<Answer> {
    const [, kind, name = ''] = /^\/(say|fault)\/(\w+)$/.exec(path) ?? [];
    if (isOver) return OVER;
    if (kind === 'fault' && isFault(name)) {
      isSteered = true;
      const isOn = !faults.delete(name);
      if (isOn) faults.add(name);
      controls.setFault(name, isOn);
      const { virtualSeconds, world } = controls.account();
      const text = `${name} switched ${isOn ? 'on' : 'off'} by hand`;
      tell({ at: START + virtualSeconds, sign: ' ', share: world.share, word: 'fault', text });
      return { status: 200, text: `${text}.` };
    }
    if (kind === 'say' && isWord(name)) {
      isSteered = true;
      try {
        // When the rehearsal has ended its time stands still, and nobody hears this any more.
        const lock = await Promise.race([controls.say(name), ended]);
        if (lock === undefined) return OVER;
        const isHeld = name === 'advance' && lock.hold !== undefined;
        const when = isHeld
          ? 'it is held, so that acts after "resume"'
          : 'the release hears it within 30 s of its time';
        return { status: 200, text: `"${OPERATOR_COMMANDS[name]}" is written; ${when}.` };
      } catch (error) {
        if (error instanceof ReleaseRefused) return { status: 409, text: error.message };
        throw error;
      }
    }
    return { status: 404, text: 'There is no such button.' };
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(port, LOOPBACK, resolve);
  });
  return {
    url: `http://${LOOPBACK}:${(server.address() as AddressInfo).port}`,
    get isSteered() {
      return isSteered;
    },
    board,
    land() {
      isOver = true;
      land();
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const HEADERS = {
  'cache-control': 'no-store',
  // In a header, because a policy inside the page cannot forbid to frame it.
  'content-security-policy': "frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
} as const;

/** A browser sends `Origin` with every POST, and neither it nor `Host` can be chosen by a page. */
function isFromHere({ method, headers: { host, origin }, socket: { localPort } }: IncomingMessage): boolean {
  const ours = [`${LOOPBACK}:${localPort}`, `localhost:${localPort}`];
  const isOurOrigin = origin === `http://${host}`;
  return ours.some((one) => one === host) && (isOurOrigin || (method === 'GET' && origin === undefined));
}
