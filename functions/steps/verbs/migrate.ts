/** Migrate: runs the service's migration from the new image, before any traffic moves. A rollback never migrates. */
import { MigrationFailed } from '../../core/failures.ts';
import { TICK_SECONDS } from '../../core/plan.ts';
import { type Lock, writes } from '../../core/protocol.ts';
import { waitOut } from '../shared/outage.ts';
import { commit, ownedForward, type Ports, releaseOf, type StepInput, type StepOutput } from '../shared/step.ts';

export interface MigrateSettings {
  readonly migrateWithinSeconds: number;
}

const WHAT = 'the migration';

export const migrate = (ports: Pick<Ports, 'fleet' | 'ledger' | 'clock'>, settings: MigrateSettings) =>
  async function migrateStep(input: StepInput): Promise<StepOutput> {
    const { fleet, ledger, clock } = ports;
    const { me, lock } = await ownedForward(ledger, input);
    if (!lock.plan.migrates) return answer(lock, 'done', 'nothing to migrate');

    if (lock.phase === 'opening') await commit(ledger, me, writes.phase(me, 'opening', 'migrating'));
    const from = lock.waitingFor?.what === WHAT ? lock.waitingFor.from : Math.round(clock.now());
    await commit(ledger, me, lock.waitingFor?.what === WHAT ? writes.tick(me) : writes.waiting(me, WHAT, from));

    if (input.state.error) {
      const waited = await waitOut(ports, me, lock, { error: input.state.error }, async () => {});
      if (waited?.word === 'abort') throw new MigrationFailed(`The migration was given up: ${waited.reason}`);
    }
    const run = await fleet.migrate(lock.releaseId, lock.digest);
    if (lock.outage || input.state.error)
      await commit(ledger, me, writes.outageOver(me, lock, Math.round(clock.now())));
    if (run.is === 'done') return answer(lock, 'done', 'the migration ended well');
    if (run.is === 'failed') throw new MigrationFailed(`The migration failed: ${run.reason}`);
    const waited = clock.now() - from;
    if (waited >= settings.migrateWithinSeconds) {
      const minutes = Math.round(settings.migrateWithinSeconds / 60);
      if (run.is === 'waits')
        throw new MigrationFailed(`The migration could not begin within ${minutes} minutes: ${run.behind} runs`);
      await fleet.stopMigration(lock.releaseId);
      throw new MigrationFailed(`The migration did not end within ${minutes} minutes; it was stopped`);
    }
    if (run.is === 'waits') return answer(lock, 'wait', `the migration waits for ${run.behind}`);
    return answer(lock, 'wait', `the migration has run for ${Math.round(waited)} s`);
  };

const answer = (lock: Lock, verdict: 'done' | 'wait', what: string): StepOutput => ({
  summary: `0 %: ${what}`,
  verdict,
  share: lock.plan.stages[0]!.share,
  waitSeconds: TICK_SECONDS,
  release: releaseOf(lock),
});
