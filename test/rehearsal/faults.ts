/** Faults of single port calls in whole rehearsals: every call of everybody can fail, hang, land late, or answer wrongly. */
import { Transient } from '../../functions/core/failures.ts';
import type { Weights } from '../../functions/core/roles.ts';
import type { Ports } from '../../functions/steps/shared/step.ts';
import type { RehearsalOptions } from '../../rehearsal/options.ts';
import type { World } from '../../rehearsal/world.ts';
import type { Actor } from '../../rehearsal/writes.ts';

export const FAULTS = ['fails', 'answer lost', 'denied', 'hangs', 'outlives', 'empty', 'stale'] as const;
export type Fault = (typeof FAULTS)[number];

/** One call of a rehearsal: whose, which, and the how-manieth of its kind. */
export interface Call {
  readonly kind: string;
  readonly nth: number;
}

type Method = (...given: readonly unknown[]) => Promise<unknown>;

/** Readings by the names that the world has for them: whoever watches is told of those that fail, too. */
const READINGS: Readonly<Record<string, string>> = {
  'signals.minutes': 'GetMetricData',
  'signals.alarms': 'DescribeAlarms',
};

const LANDS_AFTER_SECONDS = 25;
const NEVER = new Promise<never>(() => {});

/** What a reading answers that found nothing; a call that is not here has no empty answer. */
const EMPTY: Readonly<Record<string, unknown>> = {
  'router.current': { blue: 0, green: 0 },
  'fleet.health': { blue: 0, green: 0 },
  'signals.minutes': [],
  'signals.alarms': [],
  'ledger.judging': undefined,
  'ledger.record': undefined,
  'ledger.evidence': [],
  'registry.resolve': undefined,
  'registry.newest': undefined,
  'executions.status': 'unknown',
};

export const canAnswer = (kind: string, fault: Fault): boolean => {
  const method = kind.split(' ').at(-1)!;
  if (fault === 'empty') return method in EMPTY;
  if (fault === 'stale') return method === 'router.current';
  // A notification never fails: who sends it does not hear whether anybody did.
  return method !== 'notifications.send' || fault === 'hangs' || fault === 'outlives';
};

/** For `RehearsalOptions.sabotage`: asks before each call whether it goes wrong, and how. */
export function disturbing(disturb: (call: Call) => Fault | undefined): NonNullable<RehearsalOptions['sabotage']> {
  const counts = new Map<string, number>();
  const disturbed = new WeakSet<World>();
  return (functions, world) => {
    if (disturbed.has(world)) return functions;
    disturbed.add(world);
    const real = world.ports.bind(world);
    const before: Weights[] = [];
    world.onWrite(({ call, weights }) => {
      if (call === 'ModifyRule') before.push(weights!);
    });
    const answer = (method: string, fault: Fault): unknown =>
      fault === 'stale' ? (before.at(-2) ?? { blue: 100, green: 0 }) : EMPTY[method];
    const ports = (who: Actor): Ports => {
      const all = real(who);
      const wrapped = Object.entries(all).map(([port, methods]) => {
        if (port === 'clock') return [port, methods];
        const calls = Object.entries(methods as Record<string, Method>).map(([name, play]) => {
          const method = `${port}.${name}`;
          // It calls nobody: it tells what the last reading found.
          if (method === 'router.actions') return [name, play];
          const kind = `${who.by} ${who.verb ?? ''} ${method}`;
          const asks = () => world.asked(who, READINGS[method] ?? method);
          return [name, (...given: readonly unknown[]) => carryOut(all, () => play(...given), kind, method, asks)];
        });
        return [port, Object.fromEntries(calls)];
      });
      return Object.fromEntries(wrapped) as Ports;
    };
    async function carryOut(
      all: Ports,
      play: () => Promise<unknown>,
      kind: string,
      method: string,
      asks: () => void,
    ): Promise<unknown> {
      const nth = (counts.get(kind) ?? 0) + 1;
      counts.set(kind, nth);
      const fault = disturb({ kind, nth });
      switch (fault) {
        case undefined:
          return play();
        case 'fails':
          asks();
          throw new Transient('no answer');
        case 'answer lost':
          await play();
          throw new Transient('no answer');
        case 'denied':
          throw Object.assign(new Error('not authorized to perform this'), { name: 'AccessDeniedException' });
        case 'hangs':
          return NEVER;
        case 'outlives':
          await all.clock.sleep(LANDS_AFTER_SECONDS);
          await play();
          return NEVER;
        default:
          return answer(method, fault);
      }
    }
    Object.assign(world, { ports });
    return functions;
  };
}
