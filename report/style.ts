/** The look of the report: light, dark where the reader prefers it, and light again on paper. */
const LIGHT = `color-scheme: light;
  --page: #ffffff; --raised: #f5f7f9; --text: #17202c; --quiet: #55606e; --line: #dde2e8; --faint: #edf0f3;
  --blue: #1d5fbf; --green: #17784a; --red: #b3261e; --amber: #7a5c00;
  --good-back: #e9f6ee; --bad-back: #fdeceb; --waits-back: #fdf5dc; --plain-back: #eff3f8; --hatch: #c3cad3;`;
const DARK = `color-scheme: dark;
  --page: #10151c; --raised: #18202a; --text: #e5eaf0; --quiet: #a4b0be; --line: #2d3846; --faint: #222b36;
  --blue: #7fb2f7; --green: #4fc98c; --red: #ff8f86; --amber: #e2bd4f;
  --good-back: #12291e; --bad-back: #34191a; --waits-back: #2e2710; --plain-back: #18222e; --hatch: #435063;`;

export const STYLE = `
:root { ${LIGHT} }
@media screen and (prefers-color-scheme: dark) { :root { ${DARK} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif; overflow-wrap: anywhere; }
main { max-width: 60rem; margin: 0 auto; padding: 2rem 1.5rem 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: .5rem 0 1rem; letter-spacing: -.01em; text-wrap: balance; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 .6rem; }
p, ul { margin: .5rem 0; }
ul { padding-left: 1.2rem; }
.meta { margin: 0; color: var(--quiet); font-size: .875rem; display: flex; flex-wrap: wrap; gap: .3rem .75rem; align-items: center; }
.pill { border: 1px solid var(--amber); color: var(--amber); border-radius: 1rem; padding: .05rem .55rem; white-space: nowrap; }
.banner { border-left: .3rem solid var(--quiet); background: var(--plain-back); border-radius: .25rem; padding: .75rem 1rem; margin: 1rem 0; font-size: 1.05rem; }
.banner p, .banner ul { margin: 0; }
.banner h2 { margin: 0 0 .3rem; color: var(--red); }
.banner.good { border-color: var(--green); background: var(--good-back); }
.banner.bad { border-color: var(--red); background: var(--bad-back); }
.banner.waits { border-color: var(--amber); background: var(--waits-back); }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); gap: .75rem; margin: 1rem 0; }
.figures div { border: 1px solid var(--line); background: var(--raised); border-radius: .5rem; padding: .7rem .85rem; display: grid; grid-template-rows: subgrid; grid-row: span 3; gap: .1rem; }
.figures dt, .figures .note { color: var(--quiet); font-size: .8125rem; line-height: 1.35; }
.figures dd { margin: 0; }
.figures .value { font-size: 1.45rem; font-weight: 650; line-height: 1.35; }
.chart, .scroll { overflow-x: auto; }
.scroll { position: relative; }
.cursor { display: grid; grid-template-columns: auto minmax(8rem, 14rem) 1fr; gap: .25rem .75rem; align-items: center; color: var(--quiet); font-size: .875rem; min-height: 2.7em; }
.cursor[hidden] { display: none; }
input[type=range] { width: 100%; accent-color: var(--blue); margin: 0; }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; border-radius: .2rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--quiet); padding: 0 0 .5rem; }
th, td { text-align: left; padding: .45rem .75rem .45rem 0; border-bottom: 1px solid var(--line); vertical-align: top; overflow-wrap: normal; }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 400; }
td.number, th.number { text-align: right; padding-right: 1.5rem; }
td, .value { font-variant-numeric: tabular-nums; }
td.word { white-space: nowrap; }
tr.bad > * { background: var(--bad-back); }
tr.sum > * { font-weight: 600; }
tr > :first-child { padding-left: .5rem; }
table.minutes { font-size: .8125rem; white-space: nowrap; }
table.minutes caption { white-space: normal; }
table.minutes :is(th, td):not(:first-child) { text-align: right; padding: .2rem .6rem .2rem 0; }
table.minutes th[colspan] { text-align: center; }
summary { cursor: pointer; }
details .scroll { margin-top: .75rem; }
.checks { list-style: none; padding: 0; }
.checks span { display: inline-block; width: 1.2em; font-weight: 700; }
.checks .kept span { color: var(--green); }
.checks .broken { color: var(--red); }
.checks .open { color: var(--quiet); }
pre { background: var(--raised); border: 1px solid var(--line); border-radius: .4rem; padding: .75rem 1rem; overflow-x: auto; font-size: .875rem; white-space: pre-wrap; }
footer { margin-top: 3rem; color: var(--quiet); font-size: .8125rem; }
svg { display: block; width: 100%; min-width: 46rem; font-size: 12px; }
svg text { fill: var(--text); }
.title { font-weight: 650; }
svg .tick, svg .legend, svg .note, svg .level { fill: var(--quiet); }
.grid { stroke: var(--faint); fill: none; }
.blue { --ink: var(--blue); } .green { --ink: var(--green); }
.odds { --ink: var(--text); } .expected { --ink: var(--text); }
.solid, .dashed, .dotted { fill: none; stroke: var(--ink, var(--quiet)); stroke-width: 1.75; stroke-linejoin: round; stroke-linecap: round; }
.dashed { stroke-linecap: butt; stroke-dasharray: 4 3; stroke-width: 1.5; }
.dotted { stroke-dasharray: 1.5 3.5; stroke-width: 1.5; }
.fill { fill: var(--ink); }
.outline { fill: none; stroke: var(--ink); stroke-width: 1.25; }
.area { fill: var(--ink); opacity: .14; }
.zone { fill: var(--red); opacity: .09; }
.limit { fill: none; stroke: var(--red); stroke-width: 1.5; }
.caution { fill: none; stroke: var(--amber); stroke-width: 1.25; stroke-dasharray: 5 3; }
circle.crossing { fill: var(--red); }
svg text.crossing { fill: var(--red); font-weight: 650; paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
.wait { fill: none; stroke: var(--red); stroke-width: 1.5; stroke-dasharray: 1.5 3; }
.rule { stroke: var(--quiet); stroke-dasharray: 1.5 3.5; fill: none; opacity: .8; }
.rule.back { stroke: var(--red); stroke-dasharray: none; }
.mark .sign { font-size: 13px; }
svg .mark.forward .sign { fill: var(--green); }
svg .mark.back text { fill: var(--red); font-weight: 650; }
svg :is(.waits, .asks) .sign { fill: var(--amber); }
svg .mark.fault text { fill: var(--amber); }
svg .note { paint-order: stroke; stroke: var(--page); stroke-width: 3px; }
.hatch { stroke: var(--hatch); stroke-width: 1; }
.hatched { fill: url(#hatch); opacity: .55; }
.fold { fill: var(--page); }
.column { fill: transparent; }
.pointer { stroke: var(--text); stroke-width: 1; fill: none; pointer-events: none; }
@media (max-width: 45rem) {
  main { padding: 1.25rem 1rem 3rem; }
  h1 { font-size: 1.4rem; }
  .figures { grid-template-columns: 1fr 1fr; }
  .cursor { grid-template-columns: auto 1fr; }
  .cursor output { grid-column: 1 / -1; min-height: 4.5em; }
  .scroll table { min-width: 34rem; }
}
@media print {
  body { font-size: 11px; }
  main { max-width: none; padding: 0; }
  h1 { font-size: 18px; } h2 { margin-top: 14px; break-after: avoid; }
  .figures { grid-template-columns: repeat(4, 1fr); }
  .cursor, summary { display: none; }
  svg { min-width: 0; }
  .banner, .figures div, tr.bad > * { print-color-adjust: exact; }
  details::details-content { content-visibility: visible; display: block; block-size: auto; }
  tr, .figures div, .chart { break-inside: avoid; }
  table.minutes { font-size: 8px; }
}
`;
