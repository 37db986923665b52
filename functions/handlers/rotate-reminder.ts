import { addresses } from '../adapters/addresses.ts';
import { rotationAddresses } from '../adapters/rotation-addresses.ts';
import { remind } from '../steps/rotation/remind.ts';
import { notices } from './ports.ts';

/** Once a month. */
export const handler = async () => {
  const { integrations } = rotationAddresses(process.env);
  await remind({ notices: notices(addresses(process.env)) }, integrations)();
};
