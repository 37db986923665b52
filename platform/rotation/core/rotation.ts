/**
 * The eleven keys of docs/seed.md, how each is changed, and what a month's change makes of a secret. Secrets Manager
 * rotates a secret as a whole, so all keys of one secret change together.
 */

/** A secret's JSON: strings by key. */
export type Fields = Readonly<Record<string, string>>;

export type RotationKind =
  /** Two users of the same rights take turns; the one in force is not touched. */
  | 'alternating database user'
  /** The cache takes the new token beside the old (ROTATE), tasks are restarted, then only the new one (SET). */
  | 'cache token'
  /** The next key is known to every task a month before anything is signed with it; the last one is still accepted. */
  | 'signing key'
  /** No interface of the third party changes it: people are reminded every month. */
  | 'reminder';

export interface KeyRow {
  readonly secret: 'app' | 'integrations';
  readonly kind: RotationKind;
  /** Fields that travel with it. @default - none */
  readonly beside?: readonly string[];
}

const byHand = { secret: 'integrations', kind: 'reminder' } as const;

export const KEYS = {
  SECRET_KEY: { secret: 'app', kind: 'signing key', beside: ['SECRET_KEY_NEXT', 'SECRET_KEY_PREVIOUS'] },
  DATABASE_PASSWORD: { secret: 'app', kind: 'alternating database user', beside: ['DATABASE_USER'] },
  REDIS_PASSWORD: { secret: 'app', kind: 'cache token' },
  GEOTAB_PASSWORD: byHand,
  CONEKTA_API_KEY: byHand,
  METAMAP_API_KEY: byHand,
  NEON_CLIENT_SECRET: byHand,
  ODOO_PASSWORD: byHand,
  OPENAI_API_KEY: byHand,
  PINECONE_API_KEY: byHand,
  SINOSURE_CERT: byHand,
} as const satisfies Readonly<Record<string, KeyRow>>;

export const keysByHand: readonly string[] = Object.entries(KEYS).flatMap(([key, { kind }]) =>
  kind === 'reminder' ? [key] : [],
);

const CLONE = '_clone';

/** The names are those of AWS's own alternating users: `conductores_app` and `conductores_app_clone`. */
export const otherUser = (user: string): string =>
  user.endsWith(CLONE) ? user.slice(0, -CLONE.length) : `${user}${CLONE}`;

/** The role that both users act as, so that what one makes the other may change. It cannot log in. */
export const ownerOf = (user: string): string => `${user.endsWith(CLONE) ? otherUser(user) : user}_owner`;

/**
 * The fields of `app` after a rotation; every other field stays. `make` gives a new random value each time.
 * A task signs with SECRET_KEY and accepts all three.
 */
export function nextFields(current: Fields, make: () => string): Fields {
  const { SECRET_KEY, SECRET_KEY_NEXT, DATABASE_USER = 'conductores_app' } = current;
  return {
    ...current,
    SECRET_KEY: SECRET_KEY_NEXT ?? make(),
    SECRET_KEY_NEXT: make(),
    // At the first rotation there is none; a container is still given every field.
    SECRET_KEY_PREVIOUS: SECRET_KEY ?? make(),
    DATABASE_USER: otherUser(DATABASE_USER),
    DATABASE_PASSWORD: make(),
    REDIS_PASSWORD: make(),
  };
}

/** Labels of a secret's versions. The first three are Secrets Manager's; a label is on one version at a time. */
export const LABELS = {
  current: 'AWSCURRENT',
  pending: 'AWSPENDING',
  /** Moves by itself when `current` does; so a secret without it has had one version only. */
  previous: 'AWSPREVIOUS',
  /** The version that the tasks of a service were last told to restart for. */
  restarting: (service: string) => `sluice-restarting-${service}`,
  /** The version that every task of a service has. */
  running: (service: string) => `sluice-running-${service}`,
  /** The version beside which nothing older is valid any more. */
  alone: 'sluice-alone',
} as const;
