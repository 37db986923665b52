/**
 * What is ours to choose: the profile, what the services stand on, and the services. Everything has a default, and the
 * defaults are docs/seed.md's; whatever is written differently is checked here, all of it at once, before anything is built.
 */
import * as z from 'zod/mini';
import type { WrongField } from '../functions/core/failures.ts';
import { UPGRADE } from '../functions/core/migration.ts';
import { InvalidSettings, wrongFields } from '../infra/invalid-settings.ts';
import { type Profile, SETTINGS, type Service, type Settings, service, settingsMistakes } from '../infra/settings.ts';
import { CORE_FIXES, type Core, coreMistakes, core as coreShape, namesOf } from '../platform/infra/core-settings.ts';
import { KEYS, type KeyRow } from '../platform/rotation/core/rotation.ts';

export interface AppSettings extends Settings {
  /** What production builds beneath the services; for `production` only. @default - the seed's */
  readonly core?: Core | undefined;
}

const { profile, region, ...others } = SETTINGS;
const shape = z.strictObject({ profile, region, core: z.optional(coreShape), ...others });

const DEFAULT_SERVICES: Readonly<Record<Profile, readonly z.infer<typeof service>[]>> = {
  production: [z.parse(service, { migration: { command: [...UPGRADE] } })],
  trial: [z.parse(service, { name: 'trial', repository: 'sluice-trial', container: { cpu: 256, memory: 512 } })],
  attach: [],
};

/** The settings in `raw`, a decoded JSON value, with the defaults filled in. Throws `InvalidSettings`. */
export function readSettings(raw: unknown): AppSettings {
  const parsed = z.safeParse(shape, raw, { reportInput: true });
  if (!parsed.success)
    throw new InvalidSettings(parsed.error.issues.flatMap((issue) => wrongFields(issue, CORE_FIXES)));
  const { services: written, core: writtenCore, region, ...rest } = parsed.data;
  const isProduction = rest.profile === 'production';
  const core = writtenCore ?? (isProduction ? z.parse(coreShape, {}) : undefined);
  const services = (written ?? DEFAULT_SERVICES[rest.profile]).map((one, index) => ({
    ...one,
    repository: one.repository ?? one.name,
    secrets: one.secrets ?? (isProduction ? seedSecrets(core!) : {}),
    buckets: one.buckets ?? (isProduction && !one.taskRoleArn ? [namesOf(core!).buckets.documents] : []),
    rule: { ...one.rule, priority: one.rule.priority ?? 100 + 10 * index },
  }));
  const isThrownAway = rest.profile === 'trial';
  const settings: AppSettings = {
    ...rest,
    region: region ?? (isProduction ? 'us-east-1' : undefined),
    core,
    services,
    keepData: rest.keepData ?? !isThrownAway,
    removeRule: rest.removeRule ?? isThrownAway,
  };
  const wrong = [...coreMistakesOf(settings), ...settingsMistakes(settings)];
  if (wrong.length > 0) throw new InvalidSettings(wrong);
  return settings;
}

/** The seed's keys, and what travels with them, each under its own name. */
function seedSecrets(core: Core): Service['secrets'] {
  const { secrets } = namesOf(core);
  return Object.fromEntries(
    Object.entries<KeyRow>(KEYS).flatMap(([key, { secret, beside = [] }]) =>
      [key, ...beside].map((field) => [field, { secret: secrets[secret], field }]),
    ),
  );
}

function coreMistakesOf({ profile, core, region, services }: AppSettings): readonly WrongField[] {
  if (!core) return [];
  if (profile === 'production') return coreMistakes(core, region, services);
  return [{ field: 'core', message: `is not built by ${profile}`, fix: 'leave it out' }];
}
