/** Builds as `ng build` does, of which it knows one thing: what is for production has a hash in its name. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';

const FOLDER = 'dist/conductores-pwa';
const script = 'document.body.textContent = "conductores";\n';

const [flag, configuration] = process.argv.slice(2);
if (flag !== '--configuration') throw new Error(`Unknown option ${flag}; say --configuration production`);
const hash = configuration === 'production' ? `.${createHash('sha256').update(script).digest('hex').slice(0, 16)}` : '';
mkdirSync(FOLDER, { recursive: true });
writeFileSync(`${FOLDER}/main${hash}.js`, script);
writeFileSync(`${FOLDER}/index.html`, `<!doctype html><body><script src="main${hash}.js"></script>\n`);
