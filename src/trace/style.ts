// The page's style sheet: light and dark, wide and narrow.
export const style = `
:root { --paper: #fbfaf6; --card: #ffffff; --ink: #1d2430; --soft: #5c6675; --line: #dedbd2; --blue: #1d4f9f; --pale: #e8eef8; --field: #f4f2ec;
  --add: #e2f4e4; --add-ink: #17692c; --gone: #fbe5e3; --gone-ink: #a32019; --change: #fdf3d7; --change-ink: #8a5a00; --arena: #8fb2e3; --in: #d9a441; --out: #5aa469; }
@media (prefers-color-scheme: dark) { :root:not([data-theme="light"]) { --paper: #11151c; --card: #181e28; --ink: #e3e8ef; --soft: #97a3b4; --line: #2b3442; --blue: #8ab4f8; --pale: #1f2c42; --field: #141a23;
  --add: #16321e; --add-ink: #84d798; --gone: #3d1c1c; --gone-ink: #f2a29b; --change: #352b12; --change-ink: #e8c063; --arena: #3f67a8; --in: #b58a35; --out: #3f8250; color-scheme: dark; } }
:root[data-theme="dark"] { --paper: #11151c; --card: #181e28; --ink: #e3e8ef; --soft: #97a3b4; --line: #2b3442; --blue: #8ab4f8; --pale: #1f2c42; --field: #141a23;
  --add: #16321e; --add-ink: #84d798; --gone: #3d1c1c; --gone-ink: #f2a29b; --change: #352b12; --change-ink: #e8c063; --arena: #3f67a8; --in: #b58a35; --out: #3f8250; color-scheme: dark; }
:root[data-theme="light"] { color-scheme: light; }
* { box-sizing: border-box; }
html { scroll-padding-top: 12px; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; display: grid; grid-template-columns: 264px minmax(0, 1fr); }
code, pre, .code, .name, .number { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 13px; }
a { color: var(--blue); }
:focus-visible { outline: 2px solid var(--blue); outline-offset: 1px; border-radius: 4px; }
.skip { position: absolute; left: -999px; } .skip:focus { left: 8px; top: 8px; background: var(--card); padding: 6px 10px; z-index: 2; }
nav { position: sticky; top: 0; height: 100vh; display: flex; flex-direction: column; padding: 16px 12px 10px 18px; border-right: 1px solid var(--line); background: var(--card); }
.brand { margin: 0 0 10px; font-weight: 650; letter-spacing: .02em; display: flex; align-items: center; gap: 8px; }
.tiles { width: 18px; height: 18px; background: conic-gradient(var(--blue) 25%, var(--arena) 0 50%, var(--blue) 0 75%, var(--in) 0); border-radius: 3px; }
#theme { margin-left: auto; border: 1px solid var(--line); background: none; color: inherit; border-radius: 6px; padding: 1px 8px; cursor: pointer; font-size: 15px; }
nav ul, nav ol { list-style: none; margin: 0; padding: 0; }
.stages { display: flex; gap: 14px; margin-bottom: 14px; } .stages a { text-decoration: none; font-weight: 550; }
.filter { font-size: 12px; color: var(--soft); } .filter input { width: 100%; margin: 3px 0 8px; padding: 5px 8px; font: inherit; font-size: 13px; color: var(--ink); background: var(--field); border: 1px solid var(--line); border-radius: 6px; }
.kernels { flex: 1; overflow-y: auto; } .kernels a { display: grid; grid-template-columns: 34px minmax(0, 1fr); align-items: baseline; color: inherit; text-decoration: none; padding: 2px 4px; border-radius: 5px; position: relative; }
.kernels a:hover, .kernels a[aria-current] { background: var(--pale); } .kernels .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.kernels .bar { grid-column: 2; height: 2px; background: var(--blue); opacity: .55; border-radius: 1px; } .kernels li[hidden] { display: none; }
.number { color: var(--soft); font-size: 12px; }
.keys { margin: 8px 0 0; font-size: 11.5px; color: var(--soft); line-height: 1.9; } kbd { border: 1px solid var(--line); border-radius: 4px; padding: 0 5px; font: 11px ui-monospace, monospace; background: var(--field); }
main { padding: 22px clamp(16px, 3vw, 44px) 80px; max-width: 1500px; min-width: 0; }
main:focus { outline: none; }
h1 { font-size: 26px; line-height: 1.2; margin: 0 0 4px; overflow-wrap: anywhere; } h2 { font-size: 19px; margin: 34px 0 10px; } h2 small, summary small { font-weight: 400; color: var(--soft); font-size: 13px; margin-left: 4px; }
h3 { font-size: 15px; margin: 18px 0 8px; color: var(--soft); } h4 { font-size: 12px; text-transform: uppercase; letter-spacing: .06em; color: var(--soft); margin: 18px 0 6px; }
.facts { margin: 0 0 10px; color: var(--soft); } .facts span + span::before { content: "·"; margin: 0 8px; }
.types { margin: 0 0 16px; display: grid; gap: 2px; } .types div { display: flex; gap: 12px; } .types dt { width: 56px; flex: none; color: var(--soft); } .types dd { margin: 0; display: flex; flex-wrap: wrap; gap: 2px 16px; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 10px; } .card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 10px 14px; display: grid; align-content: start; }
.card b { font-size: 22px; line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; } .card span { font-weight: 550; } .card small { color: var(--soft); }
.list { border: 1px solid var(--line); border-radius: 10px; overflow: clip; background: var(--card); } .row + .row, .row + .flow, .inside + .row { border-top: 1px solid var(--line); }
.row > summary, .row.idle { display: flex; gap: 14px; align-items: baseline; padding: 7px 14px; } .row > summary { cursor: pointer; list-style: none; } .row > summary::-webkit-details-marker { display: none; }
.row > summary::before { content: "▸"; color: var(--soft); width: 10px; transition: transform .12s; } .row[open] > summary::before { transform: rotate(90deg); } .row.idle::before { content: ""; width: 10px; }
.row > summary:hover { background: var(--pale); } .row[open] > summary { background: var(--pale); }
.row .name { font-weight: 600; } .idle { color: var(--soft); } .idle .name { font-weight: 400; }
.pass .name, .idle .name { min-width: 190px; } .fact { color: var(--soft); font-size: 13px; white-space: nowrap; } .pass .fact, .idle .fact { min-width: 104px; } .pass .time, .idle .time { min-width: 64px; text-align: right; }
.counts { margin-left: auto; display: flex; gap: 10px; font-size: 13px; font-variant-numeric: tabular-nums; } .counts .added { color: var(--add-ink); } .counts .removed { color: var(--gone-ink); } .counts .changed { color: var(--change-ink); }
.kernel .number { min-width: 24px; text-align: right; } .kernel .nodes { color: var(--soft); font-size: 13px; flex: 1; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.kernel .flops { min-width: 84px; text-align: right; } .kernel .bytes { min-width: 64px; text-align: right; }
.kernel .body { padding: 4px 18px 18px 38px; } .lead { margin: 10px 0; color: var(--soft); overflow-wrap: anywhere; } .note { margin: 10px 0; padding: 8px 12px; border-left: 3px solid var(--in); background: var(--field); border-radius: 0 6px 6px 0; }
.flow { margin: 0; padding: 6px 14px; color: var(--soft); background: var(--field); border-top: 1px solid var(--line); } .list > .flow:first-child { border-top: 0; } .inside { margin-left: 22px; border-left: 2px solid var(--arena); }
pre { margin: 0; padding: 10px 14px; background: var(--field); border: 1px solid var(--line); border-radius: 8px; overflow: auto; max-height: 70vh; line-height: 1.5; tab-size: 2; } pre.diff { border-width: 1px 0 0; border-radius: 0; padding: 8px 0; }
.diff .line { display: block; width: max-content; min-width: 100%; padding: 0 14px; } .line.added { background: var(--add); color: var(--add-ink); } .line.removed { background: var(--gone); color: var(--gone-ink); } .line.changed { background: var(--change); }
.diff ins { background: var(--add); color: var(--add-ink); text-decoration: none; border-radius: 3px; } .diff del { background: var(--gone); color: var(--gone-ink); border-radius: 3px; } .skipped { display: block; color: var(--soft); padding: 2px 14px; font-style: italic; }
.block { margin: 10px 0; } .block > summary { cursor: pointer; font-weight: 550; padding: 3px 2px; } .block[open] > summary { margin-bottom: 5px; }
.wide { overflow-x: auto; border: 1px solid var(--line); border-radius: 8px; background: var(--field); } table { border-collapse: collapse; width: 100%; font-size: 13px; } th { text-align: left; font-weight: 550; color: var(--soft); } th, td { padding: 3px 12px; white-space: nowrap; } thead th { border-bottom: 1px solid var(--line); padding-top: 6px; } tbody tr:last-child td { padding-bottom: 7px; }
td.right, th.right { text-align: right; font-variant-numeric: tabular-nums; } .stored { color: var(--soft); } .inlined td:nth-child(2) { color: var(--add-ink); }
.ir td { padding-top: 0; padding-bottom: 0; } .ir td.code { white-space: pre; } .ir .place { color: var(--soft); font-size: 12px; } .ir .theirs { color: var(--blue); } .ir tbody tr:hover { background: var(--pale); }
svg.memory { width: 100%; height: auto; background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 8px; } svg text { font: 11px system-ui, sans-serif; fill: var(--soft); } svg line { stroke: var(--line); stroke-width: 1; } svg line.bound { stroke: var(--gone-ink); stroke-dasharray: 6 4; }
svg rect { fill: var(--arena); stroke: var(--card); stroke-width: .6; } svg rect.input { fill: var(--in); } svg rect.output { fill: var(--out); } svg rect:hover { filter: brightness(1.15); stroke: var(--ink); }
.legend { display: flex; gap: 18px; margin: 6px 2px; font-size: 13px; color: var(--soft); } .legend span::before { content: ""; display: inline-block; width: 11px; height: 11px; border-radius: 3px; margin-right: 6px; background: var(--arena); } .legend .input::before { background: var(--in); } .legend .output::before { background: var(--out); } .legend .bound::before { background: none; height: 0; width: 18px; border-radius: 0; border-top: 2px dashed var(--gone-ink); vertical-align: middle; }
.t-comment { color: var(--soft); font-style: italic; } .t-number { color: var(--change-ink); } .t-word { color: var(--blue); } .t-string { color: var(--add-ink); }
@media (max-width: 900px) { body { display: block; } nav { position: static; height: auto; border-right: 0; border-bottom: 1px solid var(--line); } .kernels { max-height: 140px; } .kernel .nodes, .keys { display: none; } .kernel .flops { min-width: 84px; text-align: right; } .kernel .bytes { min-width: 64px; text-align: right; }
.kernel .body { padding: 4px 12px 16px; } .row > summary { flex-wrap: wrap; gap: 4px 12px; } }
@media print { nav { display: none; } body { display: block; } pre { max-height: none; } }
`;
