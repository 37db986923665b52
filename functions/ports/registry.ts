import type { Instant } from './clock.ts';

export interface Image {
  readonly digest: string;
  readonly pushedAt: Instant;
}

export interface Registry {
  /** By tag or digest; undefined when the service's repository has no such image. */
  resolve(reference: string): Promise<Image | undefined>;
  /** The newest release tag that was pushed. */
  newest(): Promise<(Image & { readonly tag: string }) | undefined>;
}
