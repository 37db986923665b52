import { alarm3of5, failureCount, literal, literalAt100 } from './alarms.ts';
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

/** Who judges the scenarios of 100 %: the product through bake and warm time, and what `literal` does there. */
export const DETECTORS_AT_100 = {
  'compare-warm': compare({ hardRules: true, at100: true }),
  /** Without the backstop. */
  'compare-warm-odds': compare({ hardRules: false, at100: true }),
  'literal-warm': literalAt100,
} as const satisfies Readonly<Record<string, Detect>>;

export type DetectorName = keyof typeof DETECTORS | keyof typeof DETECTORS_AT_100;

export const detectorNamed = (name: DetectorName): Detect => ({ ...DETECTORS, ...DETECTORS_AT_100 })[name];
