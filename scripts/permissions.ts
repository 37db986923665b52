/** Writes docs/permissions.md from production's templates, as `npm run synth` left them in cdk.out. */
import { readFileSync, writeFileSync } from 'node:fs';
import { permissionsPage, type Template } from './permissions-table.ts';

const STACKS = ['sluice-core', 'sluice-conductores-backend'];

const templates = STACKS.map(
  (stack) => JSON.parse(readFileSync(`cdk.out/production/${stack}.template.json`, 'utf8')) as Template,
);
writeFileSync('docs/permissions.md', permissionsPage(templates));
