/** Writes docs/permissions.md from the production's template, as `npm run synth` left it in cdk.out. */
import { readFileSync, writeFileSync } from 'node:fs';
import { permissionsPage, type Template } from './permissions-table.ts';

const TEMPLATE = 'cdk.out/production/sluice-conductores-backend.template.json';

writeFileSync('docs/permissions.md', permissionsPage(JSON.parse(readFileSync(TEMPLATE, 'utf8')) as Template));
