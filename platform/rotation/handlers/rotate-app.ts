import { systemClock as clock } from '../../../functions/adapters/system-clock.ts';
import { randomPasswords as passwords } from '../adapters/random-passwords.ts';
import { rotationAddresses } from '../adapters/rotation-addresses.ts';
import { type RotationEvent, rotate } from '../steps/rotate.ts';
import { cache, database, secrets } from './rotation-ports.ts';

/** Called by Secrets Manager, four times a rotation. May take as long as a Lambda may: a cache takes minutes. */
export const handler = async (event: RotationEvent) => {
  const at = rotationAddresses(process.env);
  await rotate({ secrets, passwords, database: database(at), cache: cache(at), clock })(event);
};
