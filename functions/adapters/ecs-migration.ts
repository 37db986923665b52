/**
 * The service's migration: one task of the new image with another command. It has a family of its own, so that the
 * newest revision of a colour's family stays what that colour runs.
 */
import { type ECSClient, RunTaskCommand, StopTaskCommand, type Task } from '@aws-sdk/client-ecs';
import { MigrationFailed, Transient } from '../core/failures.ts';
import type { Clock } from '../ports/clock.ts';
import type { Fleet, MigrationStatus } from '../ports/fleet.ts';
import type { Addresses } from './addresses.ts';
import { revisionWith } from './ecs-revisions.ts';
import { tasksBy, whyStopped } from './ecs-tasks.ts';

type MigrationAddresses = Pick<Addresses, 'cluster' | 'families' | 'container' | 'repository' | 'migration'>;

/** Looks at a task that was told to stop, a second apart; a container has 30 s to obey, then another try goes on. */
const LOOKS = 12;

export const migrationFamily = ({ template }: Addresses['families']): string => `${template}-migration`;

export function ecsMigration(
  ecs: Pick<ECSClient, 'send'>,
  at: MigrationAddresses,
  clock: Pick<Clock, 'sleep'>,
): Pick<Fleet, 'migrationOf' | 'migrate' | 'stopMigration'> {
  const { cluster, families, container, migration } = at;
  const family = migrationFamily(families);

  /** The run of that token, and another that has not stopped yet. */
  async function lookFor(
    token: string,
  ): Promise<{ readonly run?: Task | undefined; readonly other?: Task | undefined }> {
    const running = await tasksBy(ecs, { cluster, family, desiredStatus: 'RUNNING' });
    const runs = [...running, ...(await tasksBy(ecs, { cluster, family, desiredStatus: 'STOPPED' }))];
    return {
      run: runs.find(({ startedBy }) => startedBy === token),
      other: runs.find(({ startedBy, lastStatus }) => startedBy !== token && lastStatus !== 'STOPPED'),
    };
  }

  /**
   * ECS knows the token for a day, or until an hour after the task's end if that is sooner: asked twice at the same time, it
   * starts one task (https://docs.aws.amazon.com/AmazonECS/latest/APIReference/ECS_Idempotency.html).
   */
  async function start(token: string, digest: string): Promise<Task> {
    if (!migration) throw new MigrationFailed('The settings name no migration command');
    const { command, subnets, securityGroups, assignPublicIp = false } = migration;
    const { tasks, failures } = await ecs.send(
      new RunTaskCommand({
        cluster,
        clientToken: token,
        startedBy: token,
        taskDefinition: await revisionWith(ecs, at, { family, digest }),
        launchType: 'FARGATE',
        networkConfiguration: {
          awsvpcConfiguration: {
            subnets: [...subnets],
            securityGroups: [...securityGroups],
            assignPublicIp: assignPublicIp ? 'ENABLED' : 'DISABLED',
          },
        },
        overrides: { containerOverrides: [{ name: container, command: [...command] }] },
      }),
    );
    const [failure] = failures ?? [];
    if (failure) throw notStarted(`${failure.reason ?? 'no reason given'} ${failure.detail ?? ''}`.trim());
    if (!tasks?.[0]) throw new Transient('RunTask answered without a task');
    return tasks[0];
  }

  return {
    async migrationOf(token) {
      const { run } = await lookFor(token);
      return run && statusOf(run, container);
    },

    async migrate(token, digest) {
      const { run, other } = await lookFor(token);
      if (!other) return statusOf(run ?? (await start(token, digest)), container);
      const behind = other.startedBy ?? 'a run that nobody named';
      return run ? { is: 'failed', reason: `${behind} runs at the same time` } : { is: 'waits', behind };
    },

    async stopMigration(token) {
      for (let look = 0; look < LOOKS; look++) {
        const { run } = await lookFor(token);
        if (!run || run.lastStatus === 'STOPPED') return;
        if (look === 0)
          await ecs.send(
            new StopTaskCommand({ cluster, task: run.taskArn, reason: 'The migration was asked to stop' }),
          );
        await clock.sleep(1);
      }
      throw new Transient('The migration was asked to stop and has not stopped yet');
    },
  };
}

/** Capacity comes back; anything else in the way of a task stays there. */
const notStarted = (reason: string): Error =>
  /^RESOURCE:|capacity/i.test(reason)
    ? new Transient(`The migration could not be started: ${reason}`)
    : new MigrationFailed(`The migration could not be started: ${reason}`);

function statusOf(run: Task, container: string): MigrationStatus {
  if (run.lastStatus !== 'STOPPED') return { is: 'running' };
  const ended = run.containers?.find(({ name }) => name === container);
  if (ended?.exitCode === 0) return { is: 'done' };
  return { is: 'failed', reason: whyStopped(run) ?? 'its container never started' };
}
