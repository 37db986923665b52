import { once } from 'node:events';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { COLOURS, type Colour, type Weights } from '../../functions/core/roles.ts';
import { type Counts, countsOf, isFailure, type Outcome } from './counts.ts';

/** Where a task listens on 127.0.0.1, and in which of two availability zones it is said to be. */
export interface TargetAddress {
  readonly port: number;
  readonly zone: 0 | 1;
}

/** What was counted since the minute was last taken; a request counts in the minute in which its outcome was known. */
export interface CountedMinute {
  readonly colours: Readonly<Record<Colour, Counts>>;
  readonly zones: Readonly<Record<Colour, readonly [Counts, Counts]>>;
}

export interface Totals {
  /** Those for which a target was chosen, answered or not yet. */
  readonly sent: number;
  /** Those of them whose outcome is known. */
  readonly requests: number;
  /** Those of them that got a 5xx from the target or no answer. */
  readonly failed: number;
  /** Those that found no target in the group, and got a 503. */
  readonly sentToEmptyGroup: number;
}

export interface LiveProxy {
  readonly port: number;
  /** Holds for every request that arrives from now on. Until it is first called each request gets a 503. */
  route(weights: Weights): void;
  /** The targets of a group from now on. Resolves when those that are no longer among them have answered what they had. */
  targets(colour: Colour, addresses: readonly TargetAddress[]): Promise<void>;
  takeMinute(): CountedMinute;
  totals(): Readonly<Record<Colour, Totals>>;
  /** No new request is taken; resolves when the last one is answered. */
  close(): Promise<void>;
}

interface Target extends TargetAddress {
  readonly agent: Agent;
  inFlight: number;
  drained: (() => void) | undefined;
}

interface Group {
  targets: readonly Target[];
  turn: number;
  outcomes: readonly [Outcome[], Outcome[]];
  totals: { sent: number; requests: number; failed: number; sentToEmptyGroup: number };
}

/** The last threshold of the latency grid; a slower target gets its client a 504. */
const TARGET_TIMEOUT_MS = 10_000;
/** Shorter than any usual server keeps an idle connection (gunicorn: 2 s), so that we never write into a closing one. */
const IDLE_TARGET_CONNECTION_MS = 1000;
/** Longer than our load generator keeps its idle connections. */
const IDLE_CLIENT_CONNECTION_MS = 60_000;
const MAX_CLIENT_CONNECTIONS = 1024;

/** Connections end here: these say something about one hop, and nothing about the next (RFC 9110, section 7.6.1). */
const HOP_BY_HOP = ['connection', 'keep-alive', 'proxy-connection', 'te', 'transfer-encoding', 'upgrade'];

/**
 * A reverse proxy on 127.0.0.1 that plays the Application Load Balancer: each request goes to a colour by weight and,
 * within the colour, to its targets in turn. `chance` gives numbers in [0, 1), one a request.
 */
export async function startProxy({ chance }: { readonly chance: () => number }): Promise<LiveProxy> {
  const groups: Readonly<Record<Colour, Group>> = { blue: emptyGroup(), green: emptyGroup() };
  let weights: Weights = { blue: 0, green: 0 };
  let closing = false;

  const server = createServer((incoming, response) => {
    if (closing) response.shouldKeepAlive = false;
    const colour = pickColour(weights, chance());
    if (!colour) return answerOurselves(response, 503);
    const group = groups[colour];
    const target = group.targets[group.turn++ % group.targets.length];
    if (target) {
      group.totals.sent++;
      return forward(incoming, response, target, (outcome) => record(group, target, outcome));
    }
    group.totals.sentToEmptyGroup++;
    answerOurselves(response, 503);
  });
  server.keepAliveTimeout = IDLE_CLIENT_CONNECTION_MS;
  server.maxConnections = MAX_CLIENT_CONNECTIONS;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  const ofColours = <T>(make: (group: Group) => T): Record<Colour, T> => ({
    blue: make(groups.blue),
    green: make(groups.green),
  });

  const setTargets = async (colour: Colour, addresses: readonly TargetAddress[]) => {
    const group = groups[colour];
    const before = group.targets;
    group.targets = addresses.map(
      ({ port, zone }) =>
        before.find((target) => target.port === port && target.zone === zone) ?? newTarget(port, zone),
    );
    await Promise.all(before.filter((target) => !group.targets.includes(target)).map(drain));
  };

  return {
    port: (server.address() as AddressInfo).port,
    route: (wanted) => {
      weights = wanted;
    },
    targets: setTargets,
    takeMinute() {
      const taken = ofColours((group) => group.outcomes);
      for (const colour of COLOURS) groups[colour].outcomes = [[], []];
      const zonesOf = ([first, second]: Group['outcomes']) => [countsOf(first), countsOf(second)] as const;
      return {
        colours: { blue: countsOf(taken.blue.flat()), green: countsOf(taken.green.flat()) },
        zones: { blue: zonesOf(taken.blue), green: zonesOf(taken.green) },
      };
    },
    totals: () => ofColours(({ totals }) => ({ ...totals })),
    async close() {
      closing = true;
      const closed = once(server, 'close');
      server.close();
      await closed;
      await Promise.all(COLOURS.map((colour) => setTargets(colour, [])));
    },
  };
}

const emptyGroup = (): Group => ({
  targets: [],
  turn: 0,
  outcomes: [[], []],
  totals: { sent: 0, requests: 0, failed: 0, sentToEmptyGroup: 0 },
});

const newTarget = (port: number, zone: 0 | 1): Target => ({
  port,
  zone,
  agent: new Agent({ keepAlive: true, timeout: IDLE_TARGET_CONNECTION_MS }),
  inFlight: 0,
  drained: undefined,
});

/** Nobody, when nobody has any weight. */
function pickColour({ blue, green }: Weights, chance: number): Colour | undefined {
  const sum = blue + green;
  if (sum <= 0) return undefined;
  return chance * sum < blue ? 'blue' : 'green';
}

function record(group: Group, { zone }: Target, outcome: Outcome): void {
  group.outcomes[zone].push(outcome);
  group.totals.requests++;
  if (isFailure(outcome)) group.totals.failed++;
}

async function drain(target: Target): Promise<void> {
  if (target.inFlight > 0) {
    await new Promise<void>((resolve) => {
      target.drained = resolve;
    });
  }
  target.agent.destroy();
}

/** Passes one request on and its answer back; `settle` is told once how it ended. */
function forward(
  incoming: IncomingMessage,
  response: ServerResponse,
  target: Target,
  settle: (outcome: Outcome) => void,
): void {
  const sentAt = performance.now();
  let settled = false;
  let failureStatus = 502;
  target.inFlight++;

  const outgoing = request({
    host: '127.0.0.1',
    port: target.port,
    agent: target.agent,
    method: incoming.method,
    path: incoming.url,
    headers: endToEnd(incoming.headers),
    timeout: TARGET_TIMEOUT_MS,
  });
  outgoing.once('response', (answer) => {
    const status = answer.statusCode!; // an answer that we received always has one
    settled = true;
    // ALB measures until the target begins to answer.
    settle({ status, latencyMs: performance.now() - sentAt });
    response.writeHead(status, endToEnd(answer.headers));
    pipeline(answer, response, () => {}); // an answer that breaks off breaks off for the client too
  });
  outgoing.once('timeout', () => {
    failureStatus = 504;
    outgoing.destroy();
  });
  outgoing.on('error', (error: NodeJS.ErrnoException) => {
    if (settled) return;
    settled = true;
    settle({ lost: error.syscall === 'connect' ? 'refused' : 'reset' });
    answerOurselves(response, failureStatus);
  });
  outgoing.once('close', () => {
    target.inFlight--;
    if (target.inFlight === 0) target.drained?.();
  });
  // The client went away: nobody waits for this answer.
  response.once('close', () => response.writableFinished || outgoing.destroy());
  incoming.pipe(outgoing);
}

function answerOurselves(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}

const endToEnd = (headers: IncomingHttpHeaders): IncomingHttpHeaders => {
  const kept = { ...headers };
  for (const name of HOP_BY_HOP) delete kept[name];
  return kept;
};
