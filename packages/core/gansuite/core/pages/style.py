"""How pages look and the little they do: inlined into every page, so that a page is one file."""

from __future__ import annotations

STYLE = """
:root { color-scheme: light dark;
  --paper: #faf8f4; --card: #ffffff; --ink: #26231f; --soft: #6d665d; --line: #e4ded4; --grid: #eee9e0;
  --c0: #2b6cb0; --c1: #c05621; --c2: #2f855a; --c3: #805ad5; --c4: #b7791f; --c5: #b83280;
  --good: #2f855a; --calm: #8a7f70; --warn: #b7791f; --bad: #c53030; }
@media (prefers-color-scheme: dark) { :root {
  --paper: #191714; --card: #221f1b; --ink: #ece6dc; --soft: #a39a8d; --line: #38332c; --grid: #2c2823;
  --c0: #63a4e8; --c1: #f0985a; --c2: #5fc08d; --c3: #b497f5; --c4: #e2b34f; --c5: #ee7fbf;
  --good: #5fc08d; --calm: #a39a8d; --warn: #e2b34f; --bad: #f07f7f; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
main { max-width: 1080px; margin: 0 auto; padding: 2rem 1.1rem 4rem; }
h1, h2 { font-family: Georgia, "Times New Roman", serif; font-weight: 500; line-height: 1.2; }
h1 { font-size: clamp(1.7rem, 5vw, 2.5rem); margin: 0 0 .2rem; overflow-wrap: anywhere; }
h2 { font-size: 1.35rem; margin: 3rem 0 .9rem; }
p { margin: .4rem 0; max-width: 46rem; }
a { color: var(--c0); }
code { font: .9em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; overflow-wrap: anywhere; }
p code { white-space: nowrap; }
.soft { color: var(--soft); }
.banner { margin: 1.5rem 0; padding: 1rem 1.2rem; background: var(--card); border: 1px solid var(--line);
  border-left: 6px solid var(--tone); border-radius: 10px; }
.banner strong { display: block; font-size: 1.15rem; color: var(--tone); }
.cards { display: grid; gap: .8rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 8rem), 1fr)); }
.card { padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px; }
.card b { display: block; font-size: 1.35rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.card span, .card small { display: block; color: var(--soft); font-size: .84rem; line-height: 1.35; }
.grid { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 25rem), 1fr)); }
figure { margin: 0; padding: .9rem 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: 10px; min-width: 0; }
figcaption { color: var(--soft); font-size: .9rem; }
figure img { display: block; max-width: 100%; height: auto; border-radius: 4px; }
.chart figcaption b { display: block; color: var(--ink); font-size: 1rem; font-weight: 600; }
.chart svg { display: block; width: 100%; height: auto; margin-top: .4rem; touch-action: pan-y; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; font-variant-numeric: tabular-nums; }
.legend i { display: inline-block; width: .85em; height: .28em; margin-right: .4em; border-radius: 2px;
  vertical-align: middle; background: currentColor; }
.legend output { color: var(--ink); }
svg text { fill: var(--soft); font-size: 13px; }
svg .gridline { stroke: var(--grid); } svg .axis { stroke: var(--line); }
svg .curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
svg .raw { fill: none; stroke-width: 1; opacity: .25; }
svg .note { font-size: 12px; font-style: italic; } svg .mark { stroke: var(--soft); stroke-dasharray: 2 4; }
svg .cross { stroke: var(--soft); visibility: hidden; }
.t0 { color: var(--c0); } .t1 { color: var(--c1); } .t2 { color: var(--c2); }
.t3 { color: var(--c3); } .t4 { color: var(--c4); } .t5 { color: var(--c5); }
svg .curve, svg .raw, svg circle { stroke: currentColor; } svg circle { fill: currentColor; }
.sheets .stage { width: 100%; background: var(--grid); }
.sheets input { width: 100%; margin: .9rem 0 .3rem; accent-color: var(--c0); }
.strip { display: flex; gap: .5rem; overflow-x: auto; margin-top: .8rem; padding: 3px; }
.strip button { flex: 1 0 68px; max-width: 120px; padding: 0; border: 0; background: none; color: var(--soft);
  font: inherit; font-size: .78rem; cursor: pointer; }
.strip img { width: 100%; aspect-ratio: 4 / 3; object-fit: cover; }
.strip button[aria-current=true] { color: var(--ink); }
.strip button[aria-current=true] img { outline: 2px solid var(--c0); outline-offset: 1px; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; }
th, td { text-align: left; padding: .38rem .8rem .38rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; overflow-wrap: anywhere; }
th { color: var(--soft); font-weight: 500; white-space: nowrap; }
td { font-variant-numeric: tabular-nums; }
details { margin: .6rem 0; } summary { cursor: pointer; font-weight: 600; }
audio { width: 100%; }
footer { margin-top: 3.5rem; color: var(--soft); font-size: .85rem; }
@media print { main { max-width: none; } .strip, .sheets input { display: none; } }
"""

SCRIPT = """
for (const figure of document.querySelectorAll('.sheets')) {
  const stage = figure.querySelector('.stage'), range = figure.querySelector('input');
  const says = figure.querySelector('figcaption'), thumbs = [...figure.querySelectorAll('.strip button')];
  const full = thumbs.map(b => b.querySelector('img').src); full[full.length - 1] = stage.src;
  const show = i => { stage.src = full[i]; if (range) range.value = i; says.textContent = thumbs[i].title;
    stage.alt = thumbs[i].title;
    thumbs.forEach((b, j) => b.setAttribute('aria-current', i === j)); };
  if (range) range.addEventListener('input', () => show(+range.value));
  const strip = figure.querySelector('.strip'); strip.scrollLeft = strip.scrollWidth;
  thumbs.forEach((b, i) => b.addEventListener('click', () => show(i)));
}
for (const svg of document.querySelectorAll('.chart > svg')) {
  const plot = svg.querySelector('svg'), cross = svg.querySelector('.cross');
  const outs = [...svg.parentNode.querySelectorAll('.legend output')], last = outs.map(o => o.textContent);
  const at = svg.querySelector('.at');
  const [x0, x1, y0, y1] = svg.dataset.range.split(' ').map(Number);
  const w = plot.width.baseVal.value, h = plot.height.baseVal.value;
  const curves = [...svg.querySelectorAll('.curve')].map(p =>
    [...p.getAttribute('d').matchAll(/(-?[0-9.]+),(-?[0-9.]+)/g)].map(m => [+m[1], +m[2]]));
  const near = (points, x) => points.reduce((a, b) => Math.abs(b[0] - x) < Math.abs(a[0] - x) ? b : a);
  const move = e => { const box = svg.getBoundingClientRect();
    const x = (e.clientX - box.left) / box.width * svg.viewBox.baseVal.width - plot.x.baseVal.value;
    if (x < 0 || x > w) return leave();
    cross.setAttribute('x1', x); cross.setAttribute('x2', x); cross.style.visibility = 'visible';
    at.textContent = 'at ' + svg.dataset.x + ' ' + Math.round(x0 + x / w * (x1 - x0)).toLocaleString('en');
    curves.forEach((c, i) => { if (c.length)
      outs[i].textContent = (y1 - near(c, x)[1] / h * (y1 - y0)).toPrecision(3); }); };
  const leave = () => { cross.style.visibility = 'hidden'; at.textContent = '';
    outs.forEach((o, i) => o.textContent = last[i]); };
  svg.addEventListener('pointermove', move); svg.addEventListener('pointerleave', leave);
}
"""
