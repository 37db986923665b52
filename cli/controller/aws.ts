/** The controller on AWS. The SDK is most of the command, so it is loaded when it is needed and not before. */
import { settingsOf } from '../../functions/adapters/addresses.ts';
import { ReleaseRefused, type WrongField } from '../../functions/core/failures.ts';
import type { Reach } from './controller.ts';

export const onAws: Reach = async (where) => {
  // Where nobody would read it, and where stderr is to be silent, the SDK would warn of old versions of Node.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';
  const { outsidePorts, usualRegion } = await import('../../functions/adapters/outside-ports.ts');
  const region = where.region ?? (await usualRegion());
  if (region === undefined)
    throw unfound({ field: '--region', message: 'is missing', fix: 'name it, or set AWS_REGION' });
  const found = await outsidePorts({ service: where.service, region });
  if (!found)
    throw unfound({
      field: '--service',
      message: `there is no stack sluice-${where.service} in ${region}, for these credentials`,
      fix: 'name a service that was deployed, its --region, and the account in AWS_PROFILE',
    });
  const { at, ...ports } = found;
  return { ...ports, settings: settingsOf(at), stateMachineArn: at.stateMachineArn };
};

const unfound = (field: WrongField): ReleaseRefused => new ReleaseRefused('Nothing was asked.', [field]);
