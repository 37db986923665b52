/** Push: a release tag in a repository starts a release of every service that releases from it; of nobody's, nothing. */
import { Transient } from '../../core/failures.ts';
import { isImage } from '../../core/image.ts';
import type { Registered } from '../../core/registration.ts';
import type { Executions } from '../../ports/executions.ts';
import type { Registrations } from '../../ports/registrations.ts';

export interface Push {
  /** The account and Region of the registry, as in `111111111111.dkr.ecr.us-east-1.amazonaws.com`, without the domain. */
  readonly registry: { readonly account: string; readonly region: string };
  readonly repository: string;
  readonly tag: string;
  readonly digest: string;
  /** When the event says that it was pushed, epoch seconds. */
  readonly pushedAt: number;
}

export interface PushAnswer {
  readonly summary: string;
  readonly started: readonly string[];
}

export const startPushed = ({
  registrations,
  executions,
}: {
  readonly registrations: Pick<Registrations, 'all'>;
  readonly executions: Pick<Executions, 'start'>;
}) =>
  async function pushStep(push: Push): Promise<PushAnswer> {
    if (!isImage(push.tag)) return { summary: `${push.tag} is no release tag`, started: [] };
    const meant = (await registrations.all()).services
      .filter((one) => releasesFrom(one, push))
      .map(({ service }) => service);
    if (meant.length === 0) return { summary: `nobody releases from ${push.repository}`, started: [] };
    const tries = await Promise.allSettled(
      meant.map((service) =>
        executions.start(pushName(service, push), {
          service,
          image: push.tag,
          source: 'push',
          pushedAt: push.pushedAt,
        }),
      ),
    );
    const failed = meant.filter((_, index) => tries[index]!.status === 'rejected');
    // Asked again, those that have started are the same executions.
    if (failed.length > 0) {
      const reasons = tries.flatMap((one) => (one.status === 'rejected' ? [String(one.reason)] : []));
      throw new Transient(`${push.tag} was not started for ${failed.join(', ')}: ${reasons.join('; ')}`);
    }
    return { summary: `${push.tag} starts ${meant.join(', ')}`, started: meant };
  };

const releasesFrom = ({ repository }: Registered, { registry: { account, region }, repository: name }: Push): boolean =>
  repository.name === name && repository.registry.startsWith(`${account}.dkr.ecr.${region}.`);

/**
 * The event delivered twice has one name. The same image pushed once more later has another: Open then says what there is
 * to say of an image that was released before.
 */
const pushName = (service: string, { digest, pushedAt }: Push): string =>
  `push-${service}-${digest.slice('sha256:'.length, 'sha256:'.length + 16)}-${pushedAt}`;
