/** Checks the release policy, as the loader gives it: asl-validator's rules, then our own. Exit 1 with all findings. */
import validate from 'asl-validator';
import { policy } from '../state-machines/policy.ts';
import { findingsIn } from './asl-rules.ts';

const findings = [
  ...validate(JSON.parse(JSON.stringify(policy))).errors.map((error) => `${error['Error code']}: ${error.Message}`),
  ...findingsIn(policy),
];

for (const finding of findings) console.error(finding);
if (findings.length > 0) process.exitCode = 1;
else console.log(`The release policy, ${Object.keys(policy.States).length} states: no findings.`);
