/** What people are told of a release's way, as steps send it. */
import { typed } from '../../core/commands.ts';
import type { Lock } from '../../core/protocol.ts';
import { type Colour, safeColour } from '../../core/roles.ts';
import { NONE, type Share } from '../../core/share.ts';
import type { Notification } from '../../ports/notifications.ts';
import type { ServiceSettings } from './settings.ts';
import type { Ports } from './step.ts';
import { commandTo } from './traffic.ts';

/** A share was confirmed. `lock`: as it was before. */
export const shareReached = (
  ports: Pick<Ports, 'router'>,
  { service, traffic }: Pick<ServiceSettings, 'service' | 'traffic'>,
  { share: before, releaseId, candidate, stable, image }: Lock,
  share: Share,
  health: Readonly<Record<Colour, number>>,
): Notification => ({
  kind: before === NONE ? 'started' : 'advanced',
  releaseId,
  title: `${share} % on ${candidate}`,
  body: `${image}: ${health[candidate]} healthy tasks on ${candidate}, the rule was read back.`,
  next: [typed('status', service), typed('abort', service), commandTo(ports, traffic, safeColour(health, stable))],
});
