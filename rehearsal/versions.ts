/** What a rehearsal releases, and what was released before it. */
import { createHash } from 'node:crypto';
import type { LiveRelease, ReleaseRecord, ServiceState } from '../functions/core/protocol.ts';
import type { Image } from '../functions/ports/registry.ts';
import { START } from './timeline.ts';

export const CANDIDATE = 'v1.5.0';
const STABLE = 'v1.4.2';
const PREVIOUS = 'v1.4.1';
const DAY = 86_400;

export const image = (tag: string, pushedAt: number): Image => ({
  digest: `sha256:${createHash('sha256').update(tag).digest('hex')}`,
  pushedAt,
});

export const IMAGES = {
  [PREVIOUS]: image(PREVIOUS, START - 2 * DAY),
  [STABLE]: image(STABLE, START - DAY),
  [CANDIDATE]: image(CANDIDATE, START - 60),
} as const;

export function serviceState(earlier: readonly ReleaseRecord[]): ServiceState {
  const [previous, current] = earlier.map(
    ({ releaseId, digest, image, pushedAt }): LiveRelease => ({ releaseId, digest, image, pushedAt }),
  );
  return {
    service: 'conductores-backend',
    stable: 'blue',
    fence: 7,
    ...(current ? { current } : {}),
    ...(previous ? { previous } : {}),
  };
}

const recordOf = (tag: string, { digest, pushedAt }: Image, fence: number): ReleaseRecord => ({
  releaseId: `r-2026010${fence - 4}-090000`,
  digest,
  image: tag,
  pushedAt,
  status: 'promoted',
  fence,
  openedAt: pushedAt + 60,
});

/** The two releases before this one, oldest first. */
export const EARLIER: readonly ReleaseRecord[] = [
  recordOf(PREVIOUS, IMAGES[PREVIOUS], 5),
  recordOf(STABLE, IMAGES[STABLE], 7),
];
