import { addresses } from '../../../functions/adapters/addresses.ts';
import { notifications } from '../../../functions/handlers/ports.ts';
import { rotationAddresses } from '../adapters/rotation-addresses.ts';
import { remind } from '../steps/remind.ts';

/** Once a month. */
export const handler = async () => {
  const { integrations } = rotationAddresses(process.env);
  await remind({ notifications: notifications(addresses(process.env)) }, integrations)();
};
