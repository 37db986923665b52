/** The rehearsal's world as a backend. */
import type { Colour } from '../../functions/core/roles.ts';
import type { MigrationStatus } from '../../functions/ports/fleet.ts';
import { chance } from '../../rehearsal/chance.ts';
import { VirtualClock } from '../../rehearsal/clock.ts';
import { ControlPlane } from '../../rehearsal/control-plane.ts';
import { loadMachine } from '../../rehearsal/engine.ts';
import { MemoryLedger } from '../../rehearsal/ledger.ts';
import { rehearsalWorld } from '../../rehearsal/rehearsal-world.ts';
import { modelledTraffic, noCounts } from '../../rehearsal/traffic.ts';
import { VirtualHost } from '../../rehearsal/virtual-host.ts';
import type { World } from '../../rehearsal/world.ts';
import { SETTINGS } from '../steps/fixture.ts';
import type { Backend, Counted } from './backend.ts';
import { SERVICE } from './stage.ts';

const NOW = Date.UTC(2026, 0, 5, 14) / 1000;

/** A release takes its time; here it takes as long as a case needs. */
const LASTING = loadMachine({ StartAt: 'Lasts', States: { Lasts: { Type: 'Wait', Seconds: 86_400, End: true } } });

export function rehearsed(): Backend {
  let clock: VirtualClock;
  let world: World;
  let plane: ControlPlane;
  let migration: MigrationStatus;
  const until = async <T>(promise: Promise<T>): Promise<T> => {
    let isOver = false;
    const over = () => {
      isOver = true;
    };
    promise.then(over, over);
    await clock.run(() => isOver);
    return promise;
  };
  const minuteIs: Backend['minuteIs'] = async (minute, zones) => {
    const counts = (colour: Colour) =>
      zones[colour].map(({ requests, errors5xx, connectionErrors }) => ({
        ...noCounts(),
        requests,
        errors5xx,
        connectionErrors,
      }));
    const hosts = (colour: Colour) => zones[colour].map(({ healthy, unhealthy }) => ({ healthy, unhealthy }));
    world.numbers.closeMinute(
      minute,
      { blue: counts('blue'), green: counts('green') },
      { blue: hosts('blue'), green: hosts('green') },
    );
  };
  return {
    name: 'our world',
    now: NOW,
    service: SERVICE,
    async begin() {
      clock = new VirtualClock(NOW);
      migration = { is: 'running' };
      world = rehearsalWorld({
        seed: 1,
        clock,
        service: { service: SERVICE, stable: 'blue', fence: 0 },
        records: [],
        stableTasks: 0,
        images: {},
        host: new VirtualHost(clock, chance(1, 'tasks'), { neverHealthy: () => false, crashes: () => false }),
        traffic: modelledTraffic(chance(1, 'traffic'), 0, () => ({ errorRate: 0, latencyFactor: 1 })),
        delivery: { latestSeconds: 0 },
        migration: () => migration,
      });
      plane = new ControlPlane({
        world,
        settings: SETTINGS,
        machine: LASTING,
        chance: chance(1, 'executions'),
        withGuard: false,
        withReconciler: false,
      });
    },
    ask: (call) => until(call(world.ports({ by: 'person' }))),
    async ledgerHolds(state) {
      Object.assign(world, { ledger: new MemoryLedger(state) });
    },
    async weightsAre(weights) {
      world.balancer.route(weights);
    },
    async targetsAre(colour, healthy) {
      world.tasks.alreadyUp(colour, `sha256:${'a'.repeat(64)}`, healthy);
    },
    async probeLeadsTo() {
      return world.probed;
    },
    async migrationsEnd() {
      migration = { is: 'done' };
    },
    async push(tag) {
      await until(clock.sleep(1));
      const digest = `sha256:${Buffer.from(tag).toString('hex').padStart(64, '0')}`;
      world.push(tag, { digest, pushedAt: clock.now() });
      return digest;
    },
    minuteIs,
    async errorAlarmsAre(colours, state) {
      const failed = state === 'ALARM' ? 250 : 0;
      const heard: Counted = { requests: 500, errors5xx: failed, connectionErrors: 0, healthy: 2, unhealthy: 0 };
      const silent: Counted = { requests: 0, errors5xx: 0, connectionErrors: 0, healthy: 2, unhealthy: 0 };
      for (const ago of [3, 2, 1]) {
        const here = state === 'INSUFFICIENT_DATA' ? silent : heard;
        const of = (colour: Colour) => [colours.includes(colour) ? here : silent];
        await minuteIs(NOW - ago * 60, { blue: of('blue'), green: of('green') });
      }
      world.numbers.evaluateAlarms(NOW + 60, (one, alarm) => `${SERVICE}-${one}-${alarm}`);
    },
    async executionEnds(name) {
      const { execution } = plane.executions.find((running) => running.name === name)!;
      execution.stop('ABORTED');
      await execution.done;
    },
    async subscriber() {
      return async () => world.notifications.splice(0).map(({ notification }) => notification.title);
    },
  };
}
