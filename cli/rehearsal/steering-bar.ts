/** What a served report has above itself: buttons for people's words and for faults, and the script that keeps it new. */

import { OPERATOR_COMMANDS } from '../../functions/core/commands.ts';
import type { OperatorCommand } from '../../functions/steps/shared/operator-command.ts';
import { FAULTS, type FaultName } from '../../rehearsal/scenarios.ts';
import { html, type Markup } from '../../report/markup.ts';
import type { Bar } from '../../report/report.ts';

/** What each button does, for whoever points at it. */
export const WORDS: Readonly<Record<OperatorCommand, string>> = {
  hold: 'stay at this share',
  resume: 'go on after a hold',
  advance: 'end this bake now',
  abort: 'roll back',
};
export const FAULT_WORDS: Readonly<Record<FaultName, string>> = {
  errors: 'the new version fails more requests',
  latency: 'the new version is slower',
  crash: 'the new version exits by itself',
  outage: 'a dependency of both versions is down',
};

export interface Steering {
  readonly faults: ReadonlySet<FaultName>;
  /** Nothing can be pressed any more. */
  readonly isOver: boolean;
}

export const steeringBar = (steering: Steering): Bar => ({
  markup: buttons(steering),
  style: STYLE,
  script: SCRIPT,
});

function buttons({ faults, isOver }: Steering): Markup {
  const button = (path: string, name: string, title: string, more?: Markup): Markup =>
    html`<button type="button" data-path="${path}" title="${title}"${isOver ? html` disabled` : undefined}${more}>${name}</button>`;
  return html`<aside class="steering" aria-label="Steer the rehearsal">
<div role="group" aria-labelledby="say"><span id="say">Say</span>${Object.entries(WORDS).map(([word, title]) => button(`/say/${word}`, OPERATOR_COMMANDS[word as OperatorCommand], title))}</div>
<div role="group" aria-labelledby="break"><span id="break">Break</span>${Object.entries(FAULT_WORDS).map(
    ([fault, title]) =>
      button(`/fault/${fault}`, fault, title, html` aria-pressed="${String(faults.has(fault as FaultName))}"`),
  )}</div>
<output>${isOver ? 'The rehearsal is over; Ctrl-C in the terminal ends this page.' : 'A command acts within 30 s of its time.'}</output>
</aside>`;
}

export const isWord = (text: string): text is OperatorCommand => Object.hasOwn(WORDS, text);
export const isFault = (text: string): text is FaultName => Object.hasOwn(FAULTS, text);

const STYLE = `
.steering { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: .5rem 1.5rem; align-items: center; padding: .6rem max(1.5rem, 50vw - 28.5rem); background: var(--raised); border-bottom: 1px solid var(--line); font-size: .9rem; }
.steering div { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; }
.steering span, .steering output { color: var(--quiet); }
.steering output { flex: 1 1 14rem; }
.steering button { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--quiet); border-radius: .35rem; padding: .3rem .7rem; min-height: 2.2rem; cursor: pointer; }
.steering button[aria-pressed=true] { background: var(--bad-back); border-color: var(--red); color: var(--red); font-weight: 650; }
.steering button:disabled { color: var(--quiet); border-color: var(--line); cursor: default; }
@media (max-width: 45rem) { .steering { position: static; padding: .6rem 1rem; } }
@media print { .steering { display: none; } }
`;

/** Whoever reads a minute keeps it: while the slider has the focus or the pointer is on the chart, that picture stands still. */
const SCRIPT = `
const bar = document.querySelector('.steering');
const answer = bar.querySelector('output');
const buttons = [...bar.querySelectorAll('button')];
const REHEARSAL = '[aria-labelledby="rehearsal"]';
let shown = '';
const show = (page) => {
  const fresh = page.querySelector('main');
  if (fresh.innerHTML === shown) return;
  shown = fresh.innerHTML;
  document.title = page.title;
  const main = document.querySelector('main');
  const isOpen = main.querySelector('details')?.open ?? false;
  const kept = main.querySelector(REHEARSAL + ':has(input:focus, .chart:hover)');
  const replaced = kept && fresh.querySelector(REHEARSAL);
  if (replaced) {
    const children = [...fresh.children];
    const at = children.indexOf(replaced);
    for (const child of [...main.children]) if (child !== kept) child.remove();
    kept.before(...children.slice(0, at));
    kept.after(...children.slice(at + 1));
  } else {
    main.replaceChildren(...fresh.children);
    readMinutes();
  }
  const details = main.querySelector('details');
  if (details) details.open = isOpen;
};
const refresh = async () => {
  let page;
  try {
    page = new DOMParser().parseFromString(await (await fetch('/')).text(), 'text/html');
  } catch {
    answer.textContent = 'The rehearsal was ended; this is its last picture.';
    for (const button of buttons) button.disabled = true;
    return;
  }
  show(page);
  const next = page.querySelector('.steering');
  buttons.forEach((button, index) => {
    const newest = next.querySelectorAll('button')[index];
    button.disabled = newest.disabled;
    if (newest.ariaPressed !== null) button.ariaPressed = newest.ariaPressed;
  });
  if (buttons.every((button) => button.disabled)) answer.textContent = next.querySelector('output').textContent;
  else setTimeout(refresh, 500);
};
for (const button of buttons) {
  button.addEventListener('click', async () => {
    const response = await fetch(button.dataset.path, { method: 'POST' });
    answer.textContent = await response.text();
  });
}
setTimeout(refresh, 500);
`;
