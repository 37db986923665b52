/** From settings to stacks: what a profile stands on, and one releases stack for each service. */
import { type App, type StackProps, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { CodeFor } from './constructs/controller-function.ts';
import { ReleasesStack } from './releases-stack.ts';
import type { Foundation, Profile, Settings } from './settings.ts';
import { TrialStack } from './trial-stack.ts';

type MakeFoundation = (app: App, settings: Settings, props: StackProps) => Foundation;

const trial: MakeFoundation = (app, { profile, services }, props) =>
  new TrialStack(app, `sluice-${profile}-foundation`, { services, ...props }).foundation;

/** The production's own core stack (database, cache, website, domain) takes its row when it is built. */
const FOUNDATIONS: Readonly<Record<Profile, MakeFoundation>> = {
  production: trial,
  trial,
  attach: (_, { foundation }) => foundation!,
};

export function makeStacks(app: App, settings: Settings, codeFor: CodeFor): readonly ReleasesStack[] {
  // One stack cannot pull away what another holds on to. The weak kind of reference, which the feature flags recommend,
  // would let it, and cfn-lint does not know it yet (Fn::GetStackOutput).
  app.node.setContext('@aws-cdk/core:defaultCrossStackReferences', 'strong');
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  const props: StackProps = settings.region === undefined ? {} : { env: { region: settings.region } };
  const foundation = FOUNDATIONS[settings.profile](app, settings, props);
  return settings.services.map(
    (service) =>
      new ReleasesStack(app, `sluice-${service.name}`, {
        description: `Sluice: releases of ${service.name}`,
        service,
        foundation,
        settings,
        codeFor,
        ...props,
      }),
  );
}
