/** Where the rotated secrets are valid: read from one environment variable, checked before anything is done with it. */
import * as z from 'zod/mini';
import { Stuck } from '../../../functions/core/failures.ts';

const text = z.string().check(z.minLength(1));
const port = z.int().check(z.gte(1), z.lte(65_535));

const shape = z.strictObject({
  app: text,
  integrations: text,
  /** The secret of the user that may create roles: RDS's own, with `username` and `password`. */
  admin: text,
  database: z.strictObject({ host: text, port, database: text, tls: z.boolean() }),
  cache: z.strictObject({ replicationGroup: text, host: text, port, tls: z.boolean() }),
  /** The services whose tasks read both secrets. */
  readBy: z.array(text).check(z.minLength(1)),
});

export type RotationAddresses = z.infer<typeof shape>;

/** @throws Stuck with every wrong field */
export function rotationAddresses({ ROTATION }: Readonly<Record<string, string | undefined>>): RotationAddresses {
  const parsed = z.safeParse(shape, ROTATION === undefined ? undefined : JSON.parse(ROTATION));
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw new Stuck(`The environment variable ROTATION is invalid: ${wrong.join('; ')}. Deploy the stack again.`);
}
