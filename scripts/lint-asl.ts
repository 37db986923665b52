/** Checks every state machine of ours: asl-validator's rules, then our own. Exit 1 with all findings. */
import { readdirSync, readFileSync } from 'node:fs';
import validate from 'asl-validator';
import { duplicateFieldsIn, findingsIn } from './asl-rules.ts';

const folder = new URL('../state-machines/', import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith('.asl.json'));

const findings = files.flatMap((file) => {
  const text = readFileSync(new URL(file, folder), 'utf8');
  const definition: unknown = JSON.parse(text);
  return [
    ...duplicateFieldsIn(text),
    ...validate(structuredClone(definition)).errors.map((error) => `${error['Error code']}: ${error.Message}`),
    ...findingsIn(definition),
  ].map((finding) => `${file}: ${finding}`);
});

for (const finding of findings) console.error(finding);
if (files.length === 0) console.error('No state machine was found.');
if (findings.length > 0 || files.length === 0) process.exitCode = 1;
else console.log(`${files.join(', ')}: nothing to say.`);
