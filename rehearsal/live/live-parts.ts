/**
 * The real half of a live rehearsal: every task is a process, every request goes over a socket. It stands where the
 * model of traffic and tasks stands otherwise; the rest of the world, and all of the release, is the same.
 */
import { COLOURS, type Colour, otherColour, type Weights } from '../../functions/core/roles.ts';
import { chance } from '../chance.ts';
import type { LiveParts } from '../options.ts';
import type { InjectedFault, Role } from '../scenarios.ts';
import type { Task, TaskEvent } from '../tasks.ts';
import type { Totals, Traffic, ZoneCounts } from '../traffic.ts';
import { type Load, type LoadCounts, startLoad } from './load.ts';
import { type LiveTask, startTask } from './processes.ts';
import { type LiveProxy, startProxy } from './proxy.ts';

export interface LiveOptions {
  readonly seed: number;
  /** Real requests a second. */
  readonly perSecond: number;
  readonly stableColour: Colour;
  readonly command: (role: 'stable' | 'candidate') => string | readonly string[];
  readonly environment: (role: 'stable' | 'candidate') => Readonly<Record<string, string>>;
  /** The candidate's health check never passes. */
  readonly neverHealthy: boolean;
}

/** What was counted while the candidate had one share. */
export interface CountedShare {
  readonly share: number;
  readonly requests: number;
  readonly candidate: number;
}

export interface LiveEnd {
  readonly counted: readonly CountedShare[];
  /** Requests that the candidate was sent after the rule put its share back to 0. */
  readonly candidateAfterRevert: number;
  readonly load: LoadCounts;
}

export interface Live extends LiveParts {
  /** Stops the load, waits for what is in flight, and ends every process. */
  close(): Promise<LiveEnd>;
}

interface Running {
  readonly task: Task;
  readonly report: (event: TaskEvent) => void;
  process: LiveTask | undefined;
  healthy: boolean;
  wanted: boolean;
  /** How it was told to answer; as it comes, it answers well. */
  told: string;
}

const HEALTH_CHECK_MS = 150;

export async function startLive(options: LiveOptions): Promise<Live> {
  const { stableColour } = options;
  const candidateColour = otherColour(stableColour);
  const proxy = await startProxy({ chance: chance(options.seed, 'requests').uniform });
  const running = new Map<number, Running>();
  const ending = new Set<Promise<void>>();
  let faultOf: Readonly<Record<Role, InjectedFault>> = { stable: {}, candidate: {} };
  let load: Load | undefined;

  const roleOf = (colour: Colour): Role => (colour === stableColour ? 'stable' : 'candidate');
  const serve = (colour: Colour) =>
    proxy.targets(
      colour,
      [...running.values()]
        .filter(({ task, healthy, wanted }) => task.colour === colour && healthy && wanted)
        .map(({ task, process }) => ({ port: process!.port, zone: task.zone as 0 | 1 })),
    );
  const counting = countShares(proxy, candidateColour);

  async function bringUp(task: Task, report: (event: TaskEvent) => void): Promise<void> {
    const one: Running = { task, report, process: undefined, healthy: false, wanted: true, told: '0 1 false' };
    running.set(task.id, one);
    const role = roleOf(task.colour);
    one.process = await startTask({ command: options.command(role), environment: options.environment(role) });
    void one.process.exited.then(({ code, signal }) => died(one, code ?? 1, signal));
    if (!one.wanted) return;
    report({ is: 'running' });
    if (role === 'candidate' && options.neverHealthy) await one.process.fault({ unhealthy: true });
    await untilHealthy(one);
    await spoil(one);
  }

  async function untilHealthy(one: Running): Promise<void> {
    while (one.wanted && !(await one.process!.healthy())) {
      one.report({ is: 'unhealthy' });
      await pause(HEALTH_CHECK_MS);
    }
    if (!one.wanted) return;
    one.healthy = true;
    one.report({ is: 'healthy' });
    await serve(one.task.colour);
  }

  function died(one: Running, code: number, signal: string | null): void {
    if (!one.wanted) return;
    one.wanted = false;
    running.delete(one.task.id);
    void serve(one.task.colour);
    const last = one.process?.logTail().at(-1);
    const how = signal ? `ended by ${signal}` : `exit code ${code}`;
    one.report({
      is: 'stopped',
      exitCode: code,
      stopCode: 'EssentialContainerExited',
      reason: `Essential container in task exited (${how})${last ? `: ${last}` : ''}`,
    });
  }

  async function takeDown(one: Running): Promise<void> {
    one.wanted = false;
    running.delete(one.task.id);
    // Out of the group first, and only stopped when it has answered what it had: this is what a drain is.
    await serve(one.task.colour);
    await one.process?.stop();
  }

  /** Tells a task how to answer, when that has changed. A task that is going down has nothing left to spoil. */
  async function spoil(one: Running): Promise<void> {
    const { errorPoints = 0, latencyFactor = 1, crashes } = faultOf[roleOf(one.task.colour)];
    const wanted = `${errorPoints} ${latencyFactor} ${crashes ?? false}`;
    if (one.told === wanted || !one.wanted || !one.healthy) return;
    one.told = wanted;
    await one.process?.fault({ errorPoints, latencyFactor, ...(crashes ? { crash: true } : {}) }).catch(() => {});
  }

  const keep = (work: Promise<void>): void => {
    ending.add(work);
    void work.finally(() => ending.delete(work));
  };

  return {
    numbersLatestSeconds: 60,
    host: {
      start: (task, report) => keep(bringUp(task, report)),
      adopt: (task, report) => keep(bringUp(task, report)),
      stop: (task) => {
        const one = running.get(task.id);
        if (one) keep(takeDown(one));
      },
    },
    traffic: liveTraffic(proxy, () => load),
    async ready() {
      await Promise.all(ending);
      load = startLoad({ port: proxy.port, perSecond: options.perSecond });
    },
    onWeights(weights) {
      proxy.route(weights);
      counting.moved(weights);
    },
    spoil(wanted) {
      faultOf = wanted;
      for (const one of running.values()) keep(spoil(one));
    },
    async close() {
      counting.moved(undefined);
      const counts = load ? await load.stop() : { planned: 0, sent: 0, answered: 0, failed: 0, unanswered: 0 };
      await Promise.all([...running.values()].map(takeDown));
      await Promise.all(ending);
      await proxy.close();
      return { counted: counting.shares(), candidateAfterRevert: counting.afterRevert(), load: counts };
    },
  };
}

/** Remembers, at each change of the weights in force, how many requests had been sent where. */
function countShares(proxy: LiveProxy, candidate: Colour) {
  const shares: CountedShare[] = [];
  let current = { share: 0, requests: 0, candidate: 0 };
  let revertedAt: number | undefined;
  const sent = (colour: Colour) => {
    const { sent: served, sentToEmptyGroup } = proxy.totals()[colour];
    return served + sentToEmptyGroup;
  };
  return {
    moved(weights: Weights | undefined): void {
      const now = { requests: COLOURS.reduce((sum, colour) => sum + sent(colour), 0), candidate: sent(candidate) };
      if (current.share > 0) {
        shares.push({
          share: current.share,
          requests: now.requests - current.requests,
          candidate: now.candidate - current.candidate,
        });
      }
      const share = weights?.[candidate] ?? 0;
      if (weights && share === 0 && current.share > 0) revertedAt = now.candidate;
      current = { share, ...now };
    },
    shares: () => shares,
    afterRevert: () => (revertedAt === undefined ? 0 : sent(candidate) - revertedAt),
  };
}

/** What the proxy and the load generator counted, in the shape of the model's counts. */
function liveTraffic(proxy: LiveProxy, load: () => Load | undefined): Traffic {
  return {
    get totals(): Totals {
      const { blue, green } = proxy.totals();
      const counts = load()?.counts();
      return {
        requests: counts?.planned ?? 0,
        byColour: { blue: blue.requests, green: green.requests },
        failed: { blue: blue.failed, green: green.failed },
        dropped: (counts?.unanswered ?? 0) + blue.sentToEmptyGroup + green.sentToEmptyGroup,
      };
    },
    second() {},
    takeMinute() {
      const { zones } = proxy.takeMinute();
      return { blue: zones.blue.map(zoneCounts), green: zones.green.map(zoneCounts) };
    },
  };
}

function zoneCounts({
  requests,
  answered,
  connectionErrors,
  withinGrid,
}: ReturnType<LiveProxy['takeMinute']>['colours']['blue']): ZoneCounts {
  const all = Object.values(answered).reduce((sum, count) => sum + count, 0);
  const histogram = withinGrid.map((count, cell) => count - (withinGrid[cell - 1] ?? 0));
  return {
    requests,
    errors5xx: answered['5xx'],
    connectionErrors,
    lost: Math.max(0, requests - all - connectionErrors),
    histogram: [...histogram, all - (withinGrid.at(-1) ?? 0)],
  };
}

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));
