/** From settings to stacks: what a profile stands on, and one releases stack for each service. */
import { type App, type StackProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { CodeFor } from '../infra/constructs/controller-function.ts';
import type { Ground, IdsFor } from '../infra/ground.ts';
import { ReleasesStack } from '../infra/releases-stack.ts';
import type { Profile, Settings } from '../infra/settings.ts';
import { TrialStack } from '../infra/trial-stack.ts';
import { CoreStack } from '../platform/infra/core-stack.ts';

type MakeGround = (app: App, settings: Settings, props: StackProps & { readonly codeFor: CodeFor }) => IdsFor<Ground>;

const GROUNDS: Readonly<Record<Profile, MakeGround>> = {
  production: (app, settings, props) =>
    new CoreStack(app, 'sluice-core', { core: settings.core!, settings, ...props }).ground,
  trial: (app, { services }, { codeFor: _, ...props }) =>
    new TrialStack(app, 'sluice-trial-foundation', { services, ...props }).ground,
  attach:
    (_, { foundation }) =>
    () => ({ foundation: foundation!, tells: {} }),
};

export function makeStacks(app: App, settings: Settings, codeFor: CodeFor): readonly ReleasesStack[] {
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const props: StackProps = settings.region === undefined ? {} : { env: { region: settings.region } };
  const ground = GROUNDS[settings.profile](app, settings, { codeFor, ...props });
  return settings.services.map(
    (service) =>
      new ReleasesStack(app, `sluice-${service.name}`, {
        description: `Sluice: releases of ${service.name}`,
        service,
        ground,
        settings,
        codeFor,
        ...props,
      }),
  );
}
