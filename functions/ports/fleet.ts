import type { Colour } from '../core/roles.ts';

export interface ColourStatus {
  readonly desired: number;
  readonly running: number;
  /** Targets that the load balancer calls healthy. */
  readonly healthy: number;
  /** The newest task definition revision, as a crash event names it. */
  readonly revision?: string;
  /** The image that its newest revision runs. */
  readonly digest?: string;
  /** Scaling of any direction rests. */
  readonly scalingSuspended: boolean;
  readonly rollout: 'none' | 'in progress' | 'completed' | 'failed';
  /** Tasks of this revision that exited by themselves with a non-zero code. */
  readonly crashes: number;
  /** Why the last task stopped, as ECS tells it. */
  readonly lastStopped?: string;
}

export type MigrationStatus =
  | { readonly is: 'running' }
  | { readonly is: 'done' }
  | { readonly is: 'failed'; readonly reason: string };

/** Not begun yet. */
export interface MigrationQueue {
  readonly is: 'waits';
  /** The token of the run that it waits for. */
  readonly behind: string;
}

/** The tasks of both colours. */
export interface Fleet {
  observe(colour: Colour): Promise<ColourStatus>;
  /** Of what `observe` tells only this, for whoever asks at every tick: it reads no target, no image and no scaling. */
  crashes(colour: Colour): Promise<Pick<ColourStatus, 'crashes' | 'lastStopped'>>;
  /** One reading of the healthy targets of both colours. */
  health(): Promise<Readonly<Record<Colour, number>>>;
  /** Gives the colour a new revision of the newest template with this image, and that many tasks. */
  deploy(colour: Colour, digest: string, tasks: number): Promise<void>;
  resize(colour: Colour, tasks: number): Promise<void>;
  /** `in`: only scale-in rests, so that a colour that loses traffic keeps its tasks. */
  suspendScaling(colour: Colour, direction: 'in' | 'both'): Promise<void>;
  resumeScaling(colour: Colour): Promise<void>;
  /** The run of that token; undefined if none was started. */
  migrationOf(token: string): Promise<MigrationStatus | undefined>;
  /**
   * Runs the migration command of the image, once no other run is there; asked again with the same token it reports the same
   * run, and that it failed if another runs beside it.
   */
  migrate(token: string, digest: string): Promise<MigrationStatus | MigrationQueue>;
  /** Resolves once that run has stopped, so that two never overlap. */
  stopMigration(token: string): Promise<void>;
}
