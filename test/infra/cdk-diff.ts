/** What `cdk diff` says of two templates, by its own library: what becomes of each resource that is not the same in both. */
import { fullDiff, ResourceImpact } from '@aws-cdk/cloudformation-diff';
import type { Resource, TemplateJson } from './fixture.ts';

export interface Difference {
  readonly type: string;
  readonly becomes: (typeof BECOMES)[keyof typeof BECOMES];
  /** Its properties are others, not only what becomes of it when its stack goes. */
  readonly isAnother: boolean;
  readonly was?: Resource;
  readonly is?: Resource;
}

const BECOMES = {
  [ResourceImpact.NO_CHANGE]: 'changed',
  [ResourceImpact.WILL_UPDATE]: 'changed',
  [ResourceImpact.WILL_CREATE]: 'created',
  [ResourceImpact.WILL_REPLACE]: 'replaced',
  // CloudFormation's own "conditional" replacement: it depends on the value.
  [ResourceImpact.MAY_REPLACE]: 'perhaps replaced',
  [ResourceImpact.WILL_DESTROY]: 'deleted',
  [ResourceImpact.WILL_ORPHAN]: 'left behind',
  [ResourceImpact.WILL_IMPORT]: 'imported',
} as const;

/** By logical id. A stack that is not there has no template. */
export function differences(from: TemplateJson = { Resources: {} }, to: TemplateJson = { Resources: {} }) {
  const changes = Object.entries(fullDiff(structuredClone(from), structuredClone(to)).resources.changes);
  return new Map(
    changes.map(([id, one]): [string, Difference] => [
      id,
      {
        type: one.newResourceType ?? one.oldResourceType ?? '',
        becomes: BECOMES[one.changeImpact],
        isAnother: Object.keys(one.propertyUpdates).length > 0,
        ...(from.Resources[id] ? { was: from.Resources[id] } : {}),
        ...(to.Resources[id] ? { is: to.Resources[id] } : {}),
      },
    ]),
  );
}
