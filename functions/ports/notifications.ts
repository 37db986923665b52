export type NotificationKind =
  | 'started'
  | 'advanced'
  | 'held'
  | 'reverted'
  | 'promoted'
  | 'stuck'
  | 'trouble'
  | 'queued';

export interface Notification {
  readonly kind: NotificationKind;
  readonly releaseId?: string;
  /** Without the service's name: whoever sends it says whose it is. */
  readonly title: string;
  readonly body: string;
  /** Commands that a reader may want to type. */
  readonly next: readonly string[];
}

export interface Notifications {
  /** Never rejects and never takes long: a release does not depend on who is listening. */
  send(notification: Notification): Promise<void>;
}
