/**
 * The promises of the design beside the first nine (invariants.ts), as a table: what is promised, and the small function
 * that watches it.
 */
import { askedVersion } from './promises/asked-version.ts';
import { bounded } from './promises/bounded.ts';
import { healthy } from './promises/healthy.ts';
import { judged } from './promises/judged.ts';
import type { Watch } from './promises/promise.ts';

export interface DesignPromise {
  readonly id: number;
  readonly sentence: string;
  readonly watch: Watch;
}

export const PROMISES: readonly DesignPromise[] = [
  { id: 10, sentence: 'Whoever is above 0 % is being judged.', watch: judged },
  { id: 11, sentence: 'Every wait is bounded.', watch: bounded },
  { id: 12, sentence: 'A healthy world never rolls back.', watch: healthy },
  { id: 13, sentence: 'No end on an older version than anybody asked for.', watch: askedVersion },
];
