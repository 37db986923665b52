import type { JudgedMinute, JudgeState } from '../core/judge/judge.ts';
import type { Evidence } from '../core/judge/verdict.ts';
import type { LedgerWrite, ReleaseRecord, ServiceState } from '../core/protocol.ts';
import type { Share } from '../core/share.ts';
import type { Instant } from './clock.ts';

/** The state after the write, or, when the condition did not hold, the state that stood in its way. */
export type WriteAnswer =
  | { readonly written: true; readonly state: ServiceState }
  | { readonly written: false; readonly state: ServiceState };

/** What the judge knows of a release: its memory, and which minute it folded last. */
export interface JudgeMemory {
  readonly state: JudgeState;
  /** Start of the last folded minute, epoch seconds; absent before the first. */
  readonly folded?: Instant;
}

/** One folded minute as the judge was given it, and what it made of it: kept for whoever asks why. */
export interface MinuteEvidence extends JudgedMinute {
  /** Start of the minute, epoch seconds. */
  readonly minute: Instant;
  /** The candidate's share in (or at the end of) that minute. */
  readonly share: Share;
  readonly odds: Evidence['odds'];
  readonly parts: Evidence['parts'];
}

/** All reads are consistent. A `Transient` failure of a write may have written: read before deciding. */
export interface Ledger {
  read(): Promise<ServiceState>;
  write(write: LedgerWrite): Promise<WriteAnswer>;
  /** By digest, or by a release id, or by the tag it was released as. */
  record(reference: string): Promise<ReleaseRecord | undefined>;
  /** Of the release that was opened last. */
  newestRecord(): Promise<ReleaseRecord | undefined>;
  judging(releaseId: string): Promise<JudgeMemory | undefined>;
  /** Saved only if the last folded minute is still the one that was `seen`; otherwise false, and nothing changes. */
  saveJudging(
    releaseId: string,
    seen: Instant | undefined,
    judging: JudgeMemory,
    minutes: readonly MinuteEvidence[],
  ): Promise<boolean>;
  /** Every folded minute of a release, oldest first. */
  evidence(releaseId: string): Promise<readonly MinuteEvidence[]>;
}
