/** From settings to stacks: what a profile stands on, and one releases stack for each service. */
import { type App, type StackProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { CodeFor } from '../infra/constructs/bundled-function.ts';
import type { IdsFor, Platform } from '../infra/platform.ts';
import { ReleasesStack } from '../infra/releases-stack.ts';
import type { Profile } from '../infra/settings.ts';
import { TrialStack } from '../infra/trial-stack.ts';
import { SecretCare } from '../platform/infra/constructs/secret-care.ts';
import { CoreStack } from '../platform/infra/core-stack.ts';
import type { AppSettings } from './settings.ts';

interface Base {
  readonly platform: IdsFor<Platform>;
  /** What it does for a service beside its releases. */
  lookAfter?(releases: ReleasesStack): void;
}

type MakeBase = (app: App, settings: AppSettings, props: StackProps & { readonly code: CodeFor }) => Base;

const BASES: Readonly<Record<Profile, MakeBase>> = {
  production: (app, settings, { code, ...props }) => {
    const { platform } = new CoreStack(app, 'sluice-core', { core: settings.core!, settings, code, ...props });
    return {
      platform,
      lookAfter(releases) {
        new SecretCare(releases, 'SecretCare', {
          environment: releases.verbs.environment,
          targets: releases.verbs.targets,
          at: platform(releases).rotation,
          services: settings.services,
          notifications: releases.notifications,
          code,
          logRetention: settings.logDays,
        });
      },
    };
  },
  trial: (app, { services }, { code: _, ...props }) =>
    new TrialStack(app, 'sluice-trial-foundation', { services, ...props }),
  attach: (_, { foundation }) => ({ platform: () => ({ foundation: foundation!, tells: {} }) }),
};

export function makeStacks(app: App, settings: AppSettings, code: CodeFor): readonly ReleasesStack[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const props: StackProps = settings.region === undefined ? {} : { env: { region: settings.region } };
  const base = BASES[settings.profile](app, settings, { code, ...props });
  return settings.services.map((service) => {
    const releases = new ReleasesStack(app, `sluice-${service.name}`, {
      description: `Sluice: releases of ${service.name}`,
      service,
      platform: base.platform,
      settings,
      code,
      ...props,
    });
    base.lookAfter?.(releases);
    return releases;
  });
}
