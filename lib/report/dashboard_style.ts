import { COLORS } from "./spec.ts";

/** The chart colours' counterparts in the dark scheme. */
const DARK_CHART: Record<keyof typeof COLORS, string> = {
  ink: "#e6eaf0",
  muted: "#9aa5b5",
  grid: "#2b3442",
  paper: "none",
  price: "#f59e4c",
  actual: "#8a95a6",
  baseline: "#6ea8fe",
  forest: "#ff9457",
  gain: "#4ade80",
  cap: "#63a4e8",
};

/** Rules that recolour the pictures: a style rule wins over an SVG attribute, so pictures are drawn once. */
const DARK_RULES = Object.entries(DARK_CHART).flatMap(([role, dark]) => {
  const light = COLORS[role as keyof typeof COLORS];
  return ["fill", "stroke"].map((property) => `figure svg [${property}="${light}"]{${property}:${dark}}`);
}).join("\n");

/** The dashboard's style sheet. No font, image or rule comes from outside the page. */
export const DASHBOARD_STYLE = `
:root{color-scheme:light dark;--page:#f4f6f9;--panel:#fff;--ink:${COLORS.ink};--muted:${COLORS.muted};--line:#dfe4eb;
--up:#15803d;--down:#b42318;--accent:#1d4ed8;--good:#dcf3e3;--good-ink:#14602f;--warn:#fdeec8;--warn-ink:#7a4b00;
--bad:#fbdcd9;--bad-ink:#8f1d14;--plain:#e8ecf2;--code:#eef1f6}
@media (prefers-color-scheme:dark){:root{--page:#0f141b;--panel:#171e28;--ink:#e6eaf0;--muted:#9aa5b5;--line:#2b3442;
--up:#4ade80;--down:#ff8a80;--accent:#8ab4ff;--good:#123d23;--good-ink:#9be8b4;--warn:#47350a;--warn-ink:#ffd98a;
--bad:#4d1a17;--bad-ink:#ffb4ad;--plain:#2a3340;--code:#232c38}
${DARK_RULES}
}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;-webkit-text-size-adjust:100%}
.banner{position:sticky;top:0;z-index:5;background:#b42318;color:#fff;text-align:center;padding:.7rem 1rem;font-size:1.05rem;
letter-spacing:.01em}
header,main,footer{max-width:1160px;margin:0 auto;padding:0 1.25rem}
header{display:flex;flex-wrap:wrap;gap:.6rem 2rem;align-items:baseline;justify-content:space-between;padding-top:1.6rem;
padding-bottom:1rem}
h1{font-size:1.5rem;line-height:1.2;margin:0;letter-spacing:-.015em}
h1 span{color:var(--muted);font-weight:400}
dl{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;margin:0;font-size:.82rem}
dt{color:var(--muted);font-size:.72rem}
dd{margin:0;overflow-wrap:anywhere;font-variant-numeric:tabular-nums}
.cards{display:grid;grid-template-columns:repeat(4,minmax(0,1fr));gap:1rem;margin-bottom:1rem}
.card,.panel{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:1rem 1.15rem}
.card h3{margin:0;font-size:.8rem;font-weight:500;color:var(--muted)}
.value{margin:.15rem 0;font-size:1.75rem;line-height:1.2;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.note,figcaption{margin:0;color:var(--muted);font-size:.82rem;overflow-wrap:anywhere}
.panel{margin-bottom:1rem;min-width:0}
.panel h2{margin:0 0 .25rem;font-size:1.05rem;letter-spacing:-.01em}
.panel h3{margin:1.1rem 0 .1rem;font-size:.92rem}
.columns{display:grid;grid-template-columns:repeat(3,minmax(0,1fr));gap:1rem;margin-bottom:1rem}
.columns .panel{margin-bottom:0}
.verdict{margin:.2rem 0 .3rem;font-size:1.02rem;font-weight:600;border-left:3px solid var(--accent);padding-left:.7rem}
.absent{margin:.3rem 0;color:var(--muted)}
figure{margin:0}
figcaption{margin-bottom:.8rem}
figure svg{display:block;width:100%;height:auto}
.columns svg{max-width:30rem}
figure svg text{font-family:inherit}
.on-narrow{display:none}
details{margin-top:.6rem;font-size:.8rem;color:var(--muted)}
summary{cursor:pointer;width:max-content}
details script{display:block;white-space:pre;overflow:auto;max-height:22rem;margin-top:.5rem;padding:.7rem;border-radius:6px;
background:var(--code);color:var(--ink);font:12px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{background:var(--code);color:var(--ink);padding:.1em .35em;border-radius:4px;overflow-wrap:anywhere;
font:.88em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
.frame{overflow:auto;margin-top:.7rem}
.frame.tall{max-height:34rem}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th{position:sticky;top:0;background:var(--panel);text-align:left;font-weight:500;color:var(--muted);font-size:.78rem;
white-space:nowrap;box-shadow:inset 0 -1px var(--line)}
th,td{padding:.42rem .7rem}
th:first-child,td:first-child{padding-left:0}
th:last-child,td:last-child{padding-right:0}
td{border-bottom:1px solid var(--line);vertical-align:baseline}
tbody tr:last-child td{border-bottom:0}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
td:first-child.number{color:var(--muted);width:2.6rem}
.text{min-width:14rem;overflow-wrap:anywhere}
.coin{font-weight:600}
.symbol{color:var(--muted);font-size:.78rem;margin-left:.25rem}
.up{color:var(--up)}.down{color:var(--down)}.flat{color:var(--muted)}
.chip{display:inline-block;padding:.05rem .55rem;border-radius:99px;font-size:.78rem;font-weight:600;background:var(--plain)}
.chip.good{background:var(--good);color:var(--good-ink)}
.chip.warn{background:var(--warn);color:var(--warn-ink)}
.chip.bad{background:var(--bad);color:var(--bad-ink)}
a{color:var(--accent)}
footer{color:var(--muted);font-size:.82rem;padding-top:.4rem;padding-bottom:2rem}
footer p{margin:.2rem 0}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
@media (max-width:980px){.columns{grid-template-columns:1fr}.cards{grid-template-columns:repeat(2,minmax(0,1fr))}}
@media (max-width:640px){header,main,footer{padding-left:.8rem;padding-right:.8rem}.card,.panel{padding:.85rem .9rem}
.cards{gap:.7rem}.value{font-size:1.35rem}.on-wide{display:none}.on-narrow{display:block}th,td{padding:.4rem .45rem}.minor{display:none}}
@media print{.banner{position:static}.frame.tall{max-height:none}details{display:none}.panel,.card{break-inside:avoid}}
`;
