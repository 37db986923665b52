import { Agent, type ClientRequest, get } from 'node:http';
import { percentile } from './counts.ts';

export interface LoadPlan {
  /** Where to send, on 127.0.0.1. */
  readonly port: number;
  /** Requests a second, evenly spaced. */
  readonly perSecond: number;
  /** When the first request is due, on the time line of `performance.now()`, milliseconds. @default - now */
  readonly startAt?: number;
  /** @default / */
  readonly path?: string;
}

export interface LoadCounts {
  /** Requests whose time has come. */
  readonly planned: number;
  readonly sent: number;
  /** Complete answers in time, whatever their status. */
  readonly answered: number;
  /** Those of the answered that were a 5xx. */
  readonly failed: number;
  /** An error instead of an answer, or no complete answer within five seconds of the planned time. */
  readonly unanswered: number;
  /** From the planned time to the end of the answer, milliseconds; absent when nothing was answered. */
  readonly latencyMs?: { readonly p50: number; readonly p95: number; readonly p99: number; readonly longest: number };
}

export interface Load {
  counts(): LoadCounts;
  /** Plans nothing more; resolves with the final counts when the last request has its answer or its time is over. */
  stop(): Promise<LoadCounts>;
}

interface InFlight {
  readonly plannedAt: number;
  readonly request: ClientRequest;
}

const ANSWER_TIMEOUT_MS = 5000;
const TICK_MS = 4;
/** More requests than these at once wait for a connection; their time runs all the same. */
const MAX_CONNECTIONS = 256;
const IDLE_CONNECTION_MS = 10_000;

/**
 * An open-loop load: the plan says when each request is due, and no answer, however slow, puts off another request.
 * Latency is counted from the planned time, so a stall of ours or theirs is seen by everyone who would have met it
 * ("coordinated omission" is the name for leaving that out: Gil Tene, "How NOT to Measure Latency").
 */
export function startLoad({ port, perSecond, startAt = performance.now(), path = '/' }: LoadPlan): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_CONNECTIONS, timeout: IDLE_CONNECTION_MS });
  const inFlight = new Set<InFlight>(); // in the order of their planned times
  const latencies: number[] = [];
  let endAt = Number.POSITIVE_INFINITY;
  let sent = 0;
  let failed = 0;
  let unanswered = 0;
  let finish: (() => void) | undefined;

  const dueAt = (index: number) => startAt + (index * 1000) / perSecond;
  const plannedBy = (now: number) => Math.max(0, Math.floor(((Math.min(now, endAt) - startAt) * perSecond) / 1000) + 1);

  const settle = (entry: InFlight, count: () => void) => {
    if (!inFlight.delete(entry)) return;
    count();
    if (inFlight.size === 0) finish?.();
  };

  const send = (plannedAt: number) => {
    const request = get({ host: '127.0.0.1', port, path, agent });
    const entry = { plannedAt, request };
    inFlight.add(entry);
    request.once('response', (response) => {
      response.on('error', () => {}).resume(); // 'close' tells
      response.once('end', () =>
        settle(entry, () => {
          latencies.push(performance.now() - plannedAt);
          if (response.statusCode! >= 500) failed++;
        }),
      );
    });
    request.on('error', () => {});
    request.once('close', () =>
      settle(entry, () => {
        unanswered++;
      }),
    );
  };

  const tick = () => {
    const now = performance.now();
    for (const planned = plannedBy(now); sent < planned; sent++) send(dueAt(sent));
    for (const { plannedAt, request } of inFlight) {
      if (now - plannedAt < ANSWER_TIMEOUT_MS) break;
      request.destroy();
    }
  };
  const timer = setInterval(tick, TICK_MS);

  const counts = (): LoadCounts => ({
    planned: plannedBy(performance.now()),
    sent,
    answered: latencies.length,
    failed,
    unanswered,
    ...(latencies.length > 0 && {
      latencyMs: {
        p50: percentile(latencies, 50)!,
        p95: percentile(latencies, 95)!,
        p99: percentile(latencies, 99)!,
        longest: percentile(latencies, 100)!,
      },
    }),
  });

  return {
    counts,
    async stop() {
      endAt = Math.min(endAt, performance.now());
      tick();
      if (inFlight.size > 0) {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
      }
      clearInterval(timer);
      agent.destroy();
      return counts();
    },
  };
}
