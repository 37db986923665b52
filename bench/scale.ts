/** `npm run bench:scale`: writes the tables of docs/scale.md from simulations. */
import { readFileSync, writeFileSync } from 'node:fs';
import { scaleTables } from './scale/report.ts';

const PAGE = 'docs/scale.md';
const BEGIN = '<!-- tables: npm run bench:scale -->';

const [before] = readFileSync(PAGE, 'utf8').split(BEGIN);
writeFileSync(PAGE, `${before}${BEGIN}\n\n${await scaleTables()}`);
