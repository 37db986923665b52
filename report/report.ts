/** The rehearsal report: one HTML file that opens anywhere, asks the network for nothing, and carries its own data. */
import { createHash } from 'node:crypto';
import { rehearsalSection } from './chart.ts';
import { alarmSection, blindSpotsSection, safetySection } from './checks.ts';
import { figuresOf } from './figures.ts';
import { headlineOf, toneOf, verdictOf } from './headline.ts';
import { html, jsonData, type Markup, trusted } from './markup.ts';
import type { RunRecord } from './record.ts';
import { SCRIPT } from './script.ts';
import { STYLE } from './style.ts';
import { decisionsSection, minutesSection } from './tables.ts';
import { whySection } from './why.ts';
import { iso } from './words.ts';

/** What a page that is served has besides the report. */
export interface Bar {
  readonly markup: Markup;
  readonly style: string;
  readonly script: string;
}

/** The record as one HTML page. The same record gives the same bytes. With a `bar` it may ask the server that served it. */
export function reportHtml(record: RunRecord, bar?: Bar): string {
  const headline = headlineOf(record);
  const styles = [STYLE, ...(bar ? [bar.style] : [])];
  const scripts = [SCRIPT, ...(bar ? [bar.script] : [])];
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${contentPolicy(styles, scripts, bar ? "'self'" : "'none'")}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${headline} · ${record.service}</title>
<link rel="icon" href="data:,">
${styles.map((style) => html`<style>${trusted(style)}</style>`)}
</head>
<body>
${bar?.markup}<main>
${metaLine(record)}
<h1>${headline}</h1>
${alarmSection(record)}
<div class="banner ${toneOf(record)}">${verdictOf(record)}</div>
${figuresGrid(record)}
${rehearsalSection(record)}
${whySection(record)}
${decisionsSection(record)}
${safetySection(record)}
${blindSpotsSection(record)}
${againSection(record)}
${minutesSection(record)}
<footer>Made by sluice from the record that is embedded in this file (${record.schema}).</footer>
</main>
<script type="application/json" id="record">${jsonData(record)}</script>
${scripts.map((script) => html`<script>${trusted(script)}</script>`)}
</body>
</html>
`.markup;
}

const fingerprint = (content: string): string => `'sha256-${createHash('sha256').update(content).digest('base64')}'`;

/** Nothing from anywhere, but these very styles and scripts; only a live page asks, and only the one who served it. */
const contentPolicy = (styles: readonly string[], scripts: readonly string[], connect: string): string =>
  [
    "default-src 'none'",
    `style-src ${styles.map(fingerprint).join(' ')}`,
    `script-src ${scripts.map(fingerprint).join(' ')}`,
    `connect-src ${connect}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');

function metaLine({ service, release, start, policy, strategy, rehearsal }: RunRecord): Markup {
  const shares = release?.plan.stages.map(({ share }) => share).join('/');
  const facts = [
    service,
    release?.image,
    release?.id,
    `${strategy}${shares === undefined ? '' : ` ${shares}\u00a0%`}, policy ${policy}`,
    `${iso(start).slice(0, 10)} ${iso(start).slice(11, 16)} UTC`,
  ].filter((fact) => fact !== undefined);
  const pill =
    rehearsal &&
    html`<span class="pill">rehearsal, ${rehearsal.live ? 'real HTTP traffic' : 'virtual time'}, seed ${rehearsal.seed}</span>`;
  return html`<p class="meta"><span>${facts.join(' · ')}</span>${pill}</p>`;
}

function figuresGrid(record: RunRecord): Markup | undefined {
  const figures = figuresOf(record);
  if (figures.length === 0) return undefined;
  return html`<dl class="figures">${figures.map(
    ({ label, value, note }) =>
      html`<div><dt>${label}</dt><dd class="value">${value}</dd><dd class="note">${note}</dd></div>`,
  )}</dl>`;
}

function againSection({ rehearsal }: RunRecord): Markup | undefined {
  if (!rehearsal) return undefined;
  const { command, live, steered } = rehearsal;
  const isTheSame = steered
    ? 'What was pressed while it ran is no part of the command.'
    : live
      ? 'Real processes answer a little differently each time.'
      : 'The same seed gives the same rehearsal, and the same report, byte for byte.';
  return html`<section aria-labelledby="again"><h2 id="again">Rehearse it again</h2><pre>${command}</pre>
<p>${isTheSame} The numbers are in this file too, as JSON in its element <code>#record</code>.</p></section>`;
}
