/**
 * Application Auto Scaling of both colours. Minimum and maximum are CloudFormation's; we only let scaling rest. A colour
 * without a scalable target does not scale, and there is nothing to suspend.
 */
import {
  type ApplicationAutoScalingClient,
  DescribeScalableTargetsCommand,
  RegisterScalableTargetCommand,
  type ScalableTarget,
} from '@aws-sdk/client-application-auto-scaling';
import type { Colour } from '../core/roles.ts';
import type { Fleet } from '../ports/fleet.ts';
import type { Addresses } from './addresses.ts';

const SUSPENDED = {
  none: { in: false, out: false },
  in: { in: true, out: false },
  both: { in: true, out: true },
} as const;

const ECS = { ServiceNamespace: 'ecs', ScalableDimension: 'ecs:service:DesiredCount' } as const;

export function ecsScaling(
  scaling: Pick<ApplicationAutoScalingClient, 'send'>,
  { cluster, services }: Pick<Addresses, 'cluster' | 'services'>,
): Pick<Fleet, 'suspendScaling' | 'resumeScaling'> & { isSuspended(colour: Colour): Promise<boolean> } {
  const resourceOf = (colour: Colour): string => `service/${cluster}/${services[colour]}`;

  async function targetOf(colour: Colour): Promise<ScalableTarget | undefined> {
    const answer = await scaling.send(
      new DescribeScalableTargetsCommand({ ...ECS, ResourceIds: [resourceOf(colour)] }),
    );
    return answer.ScalableTargets?.[0];
  }

  async function suspend(colour: Colour, directions: keyof typeof SUSPENDED): Promise<void> {
    const target = await targetOf(colour);
    const wanted = SUSPENDED[directions];
    const { DynamicScalingInSuspended = false, DynamicScalingOutSuspended = false } = target?.SuspendedState ?? {};
    // Registering again brings the number of tasks between minimum and maximum at once: only where it changes something.
    if (!target || (DynamicScalingInSuspended === wanted.in && DynamicScalingOutSuspended === wanted.out)) return;
    await scaling.send(
      new RegisterScalableTargetCommand({
        ...ECS,
        ResourceId: resourceOf(colour),
        SuspendedState: {
          DynamicScalingInSuspended: wanted.in,
          DynamicScalingOutSuspended: wanted.out,
          ScheduledScalingSuspended: wanted.out,
        },
      }),
    );
  }

  return {
    suspendScaling: suspend,
    resumeScaling: (colour) => suspend(colour, 'none'),
    async isSuspended(colour) {
      const { DynamicScalingInSuspended: inwards, DynamicScalingOutSuspended: outwards } =
        (await targetOf(colour))?.SuspendedState ?? {};
      return inwards === true || outwards === true;
    },
  };
}
