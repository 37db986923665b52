import { alarm3of5, failureCount, literal } from './alarms.ts';
import { compare, control, type Detect } from './judges.ts';
import { kayenta } from './kayenta.ts';
import { lindonMalek, msprt } from './sequential.ts';

/** Everybody who judges the same releases. */
export const DETECTORS = {
  /** The product: the comparison, with its hard rules on. */
  compare: compare({ hardRules: true }),
  /** The comparison alone, as if no crash were ever reported. */
  'compare-odds': compare({ hardRules: false }),
  control,
  literal,
  'alarm-3of5': alarm3of5,
  'failure-count': failureCount,
  'kayenta-stage': kayenta,
  msprt,
  'lindon-malek': lindonMalek,
} as const satisfies Readonly<Record<string, Detect>>;

export type DetectorName = keyof typeof DETECTORS;
