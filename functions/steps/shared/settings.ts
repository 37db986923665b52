import type { TrafficAddresses } from '../../core/force-stable.ts';
import type { PlanSettings } from '../../core/plan.ts';
import type { InputSettings } from '../../core/release.ts';
import type { MigrateSettings } from '../verbs/migrate.ts';
import type { PrepareSettings } from '../verbs/prepare.ts';

/** What a service's steps must know of it; the same for every release. */
export interface ServiceSettings extends InputSettings, PlanSettings, PrepareSettings, MigrateSettings {
  readonly service: string;
  /** For the command that needs none of us. */
  readonly traffic: TrafficAddresses;
  readonly profile: 'production' | 'trial' | 'attach';
}
