/**
 * `npm run bench:closed-loop`: the judge inside whole rehearsals, with the real steps, holds, people who do not answer, and
 * numbers that come late, in part, or as percentiles. The bench of detection has the noisier world; here it is the loop that counts.
 */

import { cellSentence, type LoopCell, loopCell } from './closed-loop/cells.ts';
import { CONDITIONS, type ConditionName, FAULTS, type FaultName, isWell } from './closed-loop/conditions.ts';
import { circumstances, commonOptions, optionsGiven, someOf, tellProgress } from './detection/command.ts';

const ALL_CONDITIONS = Object.keys(CONDITIONS) as ConditionName[];
const ALL_FAULTS = Object.keys(FAULTS) as FaultName[];
const POLICIES = ['compare', 'literal'] as const;
/** A rate of false aborts is small, so it takes more rehearsals than to see a fault found. */
const WELL_PER_ILL = 5;

const {
  runs = 4,
  seed = 42,
  conditions = ALL_CONDITIONS,
  faults = ALL_FAULTS,
  policies = POLICIES,
  json,
} = optionsGiven({
  runs: {
    ...commonOptions.runs,
    help: `rehearsals a cell (4); ${WELL_PER_ILL} times as many of good releases under compare`,
  },
  seed: commonOptions.seed,
  conditions: { value: 'LIST', help: 'how numbers and requests come (all)', read: someOf(ALL_CONDITIONS) },
  faults: { value: 'LIST', help: 'what is wrong with the candidate (all)', read: someOf(ALL_FAULTS) },
  policies: { value: 'LIST', help: 'compare,literal', read: someOf(POLICIES) },
  json: commonOptions.json,
});

const wanted = policies.flatMap((policy) =>
  conditions.flatMap((condition) => faults.map((fault) => ({ condition, fault, policy }))),
);
const cells: LoopCell[] = [];
for (const { condition, fault, policy } of wanted) {
  const rehearsals = policy === 'compare' && isWell(fault) ? WELL_PER_ILL * runs : runs;
  cells.push(await loopCell(condition, fault, policy, rehearsals, seed));
  tellProgress(cells.length, wanted.length);
}

if (json) {
  const rehearsals = cells.reduce((sum, cell) => sum + cell.runs, 0);
  process.stdout.write(
    `${JSON.stringify({ schema: 'sluice.closed-loop/1', ...circumstances(seed), rehearsals, cells })}\n`,
  );
} else {
  process.stdout.write(`${policies.map(tableOf).join('\n\n')}\n`);
}

function tableOf(policy: (typeof POLICIES)[number]): string {
  const row = (condition: ConditionName) =>
    cells.filter((cell) => cell.policy === policy && cell.condition === condition).map(cellSentence);
  return [
    `### ${policy}`,
    `| | ${faults.join(' | ')} |`,
    `|${'---|'.repeat(faults.length + 1)}`,
    ...conditions.map((condition) => `| ${CONDITIONS[condition].about} | ${row(condition).join(' | ')} |`),
  ].join('\n');
}
