"""How the page looks: calm, one accent, numbers in columns; light and dark, on a phone and on paper."""

from snn.report.page.shades import DARK, LIGHT, N_HEAT, OURS, SEGMENTS, variables

LAYOUT = """
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scroll-behavior:smooth}
body{margin:0;background:var(--paper);color:var(--ink);font:400 1rem/1.6 system-ui,-apple-system,"Segoe UI",Roboto,
"Noto Sans","Liberation Sans",sans-serif;font-variant-numeric:tabular-nums lining-nums;overflow-wrap:break-word}
header,main,nav,footer{max-width:74rem;margin:0 auto;padding:0 clamp(1rem,4vw,3rem)}
header{padding-top:clamp(2.5rem,7vw,5rem)}
h1,h2,h3,h4{line-height:1.2;font-weight:600;text-wrap:balance;margin:0}
h1{font-size:clamp(2rem,5vw,3.1rem);font-weight:300;letter-spacing:-.025em;margin:.2em 0 .6em}
h2{font-size:clamp(1.5rem,3.2vw,2rem);font-weight:400;letter-spacing:-.015em;margin-bottom:1.2rem}
h3{font-size:1.05rem;margin:3.2rem 0 1rem}
h4{font-size:1rem}
p{margin:0 0 .8rem;max-width:68ch}
a{color:var(--accent);text-decoration-thickness:1px;text-underline-offset:.18em}
small{font-size:.8125rem;color:var(--quiet);font-weight:400}
.kicker{font-size:.8125rem;letter-spacing:.06em;color:var(--quiet);margin:0 0 .4rem}
.lead p,p.lead{font-size:1.0625rem;color:var(--quiet)}
.lead strong{color:var(--ink);font-weight:600}
code{font:inherit;white-space:nowrap}
.quiet{color:var(--quiet);font-size:.875rem}
mark{background:none;color:var(--warn);font-weight:600;font-size:.92em;letter-spacing:.03em}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.skip{position:absolute;left:-100vw;top:0;padding:.7rem 1rem;background:var(--raised);z-index:2}
.skip:focus{left:.5rem}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:2px}
nav{margin-top:2rem}
nav ul{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.6rem;margin:0;padding:.9rem 0;
border-top:1px solid var(--line);border-bottom:1px solid var(--line);font-size:.9375rem}
nav a{text-decoration:none;display:inline-block;padding:.25rem 0}
nav a:hover{text-decoration:underline}
section{padding-top:clamp(3.5rem,8vw,6.5rem)}
section[id]{scroll-margin-top:-1.5rem}
footer{padding-top:5rem;padding-bottom:4rem;color:var(--quiet);font-size:.875rem}
"""

TABLES = """
.scroller{overflow-x:auto;max-width:100%}
table{border-collapse:collapse;width:100%;font-size:.9375rem;line-height:1.4}
caption{text-align:left;color:var(--quiet);font-size:.875rem;padding:0 0 .7rem}
th,td{text-align:left;vertical-align:top;padding:.6rem 1.2rem .6rem 0;border-bottom:1px solid var(--line)}
th:last-child,td:last-child{padding-right:0}
thead th{font-weight:500;color:var(--quiet);font-size:.8125rem;vertical-align:bottom;white-space:normal}
tbody th{font-weight:500;white-space:nowrap}
.limits tbody th{white-space:normal}
tfoot th,tfoot td{font-weight:600;border-bottom:0}
.number{text-align:right;white-space:nowrap}
.none{color:var(--quiet)}
#overview td small{display:block}
#overview th,#overview td{padding-right:.9rem}#overview th:last-child,#overview td:last-child{padding-right:0}
#overview tbody th,#overview td{white-space:nowrap}#overview td:last-child{white-space:normal;min-width:3.5rem}
th button{all:unset;cursor:pointer;font:inherit;color:inherit;padding:.3rem 0;margin:-.3rem 0}
th button:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
th button:hover{color:var(--ink)}
th button::after{content:"\\2195";opacity:.35;padding-left:.35em}
th[aria-sort=ascending] button::after{content:"\\2191";opacity:1;color:var(--accent)}
th[aria-sort=descending] button::after{content:"\\2193";opacity:1;color:var(--accent)}
th[aria-sort=ascending] button,th[aria-sort=descending] button{color:var(--ink)}
.ledger,.limits{font-size:.8125rem;min-width:40rem}
.ledger th,.ledger td,.limits th,.limits td{padding:.4rem 1rem .4rem 0}
.ledger .long{min-width:18rem}
.limits td:last-child{min-width:16rem}
.matrix{width:auto;font-size:.8125rem;border-collapse:separate;border-spacing:2px}
.matrix th{border:0;padding:.2rem .5rem .2rem 0;font-weight:400;color:var(--quiet);white-space:nowrap}
.matrix thead th{text-align:center;padding:.2rem .3rem}
.matrix thead th:first-child{text-align:left}
.matrix tbody th{vertical-align:middle}
.matrix td{border:0;text-align:center;padding:.35rem .3rem;min-width:2.5rem;border-radius:3px;background:var(--h0);
box-shadow:inset 0 0 0 1px var(--line)}
.matrix td.right{font-weight:600}
"""

CARDS = """
figure{margin:0 0 1.5rem}
figcaption{font-size:.875rem;color:var(--quiet);margin-top:.9rem;max-width:72ch}
figure.plain{max-width:52rem;margin-bottom:2.8rem}
.sources,.source{display:inline}
.sources summary{display:inline-block}
.sources[open]{display:block}
details summary{cursor:pointer;color:var(--quiet);font-size:.875rem;padding:.25rem 0;width:fit-content}
details summary:hover{color:var(--ink)}
details ul{font-size:.8125rem;padding-left:1.1rem;margin:.5rem 0 1rem;color:var(--quiet)}
details li{margin:.25rem 0;max-width:80ch}
.cards{margin-bottom:1.4rem;display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,20rem),1fr));gap:1.5rem}
.card{background:var(--raised);border:1px solid var(--line);border-radius:10px;padding:1.5rem;min-width:0}
.card figure{margin:1.2rem 0}
.card figcaption{font-size:.8125rem}
.big{font-size:1.9rem;font-weight:300;letter-spacing:-.02em;line-height:1.2;margin:1rem 0}
.big small{letter-spacing:0;display:block;margin-top:.25rem}
.facts{margin:0;font-size:.9375rem}
.facts div{display:flex;justify-content:space-between;gap:1rem;padding:.4rem 0;border-top:1px solid var(--line)}
.facts dt{color:var(--quiet);flex:none}
.facts dd{margin:0;text-align:right;min-width:0;overflow-wrap:anywhere}
.facts dd small{display:block}
.wide-facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,18rem),1fr));gap:0 3rem}
.wide-facts div{display:block;padding:.7rem 0}
.wide-facts dt{font-size:.8125rem}
.wide-facts dd{text-align:left}
.legend{list-style:none;margin:.7rem 0 0;padding:0;font-size:.875rem}
.legend li{display:flex;gap:.6rem;align-items:baseline;padding:.15rem 0}
.legend .part{flex:1;min-width:0}
.swatch{flex:none;width:1.3rem;height:1.3rem;line-height:1.3rem;text-align:center;border-radius:3px;font-size:.75rem}
.without{font-size:.8125rem;color:var(--quiet)}
.without strong{font-weight:600;color:var(--ink)}
.unfit{border-left:3px solid var(--warn);padding:.2rem 0 .2rem 1.2rem;margin:0 0 2rem;min-width:0}
.unfit h4{margin-bottom:.6rem}
.placement>div{margin-bottom:1.2rem}.placement p{margin:0 0 .4rem}
"""

CHARTS = """
svg{display:block;max-width:100%;overflow:visible}
svg text{fill:var(--ink);font-size:13px}
svg .tick{fill:var(--quiet);font-size:12px}
svg .note,svg .along{fill:var(--quiet);font-size:12px}
.grid,.equal{stroke:var(--line);stroke-width:1}
.goal{stroke:var(--accent);stroke-width:1.2;stroke-dasharray:6 4}
.stem{stroke:var(--line);stroke-width:2}
.dot{fill:var(--accent);stroke:var(--accent);stroke-width:2}
.dots .hollow{fill:var(--paper)}
.dots .ours .name{font-weight:600}
.bar rect{stroke:var(--raised);stroke-width:1.5}
.frame{fill:none;stroke:var(--line)}
.spikes{stroke:var(--ink);stroke-width:1.1;fill:none}
svg.map,svg.field{height:auto}
.map rect{stroke:var(--line);stroke-width:.75}
.map text{font-size:11px}
.mark{stroke-width:1.5}
.mark.hollow{fill:var(--paper)}
.mark.ours{stroke:var(--paper);stroke-width:1;fill:var(--ours)}
svg .label,svg .along{paint-order:stroke;stroke:var(--paper);stroke-width:3px;stroke-linejoin:round}
svg .label{font-size:11.5px;fill:var(--quiet)}
svg .label.ours{font-weight:600;fill:var(--ink)}
.field.narrow{display:none}
@media (max-width:46rem){.field.wide{display:none}.field.narrow{display:block;width:100%}.big{font-size:1.7rem}
.card{padding:1.1rem}}
"""

PRINT = """
@page{margin:16mm 14mm}
@media print{
body{font-size:9.5pt;background:#fff}
header{padding-top:0}nav,.skip,th button::after{display:none}
section{padding-top:2.2rem}h2,h3,h4{break-after:avoid}
figure,tr,.facts{break-inside:avoid}.cards{display:block}.card{margin-bottom:1.5rem}
.card figure{max-width:30rem}
.scroller{overflow:visible}table{font-size:8pt!important;min-width:0!important}th,td{padding-right:.6rem!important}
#overview td{white-space:normal}#overview tbody th,#overview td:nth-child(2){white-space:nowrap}
.kicker{break-after:avoid}
.ledger tbody th,.ledger .number{white-space:normal}
.ledger .long,.limits td:last-child{min-width:0}
details::details-content{content-visibility:visible;display:block;height:auto}
a{color:inherit;text-decoration:none}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
"""


def _shaded() -> str:
    """One class a step of the scale, a segment and a kind: for markup that may hold no style of its own."""
    rules = [
        f".heat{n}{{fill:var(--h{n})}}svg .on-heat{n}{{fill:var(--on-h{n})}}"
        f".matrix td.bg-heat{n}{{background:var(--h{n});color:var(--on-h{n})}}"
        for n in range(N_HEAT)
    ]
    rules += [
        f".seg{n}{{fill:var(--s{n})}}svg .on{n}{{fill:var(--on-s{n})}}"
        f".bg-seg{n}{{background:var(--s{n});color:var(--on-s{n})}}"
        for n in range(len(SEGMENTS))
    ]
    rules += [f".mark.k{n}{{fill:var(--k{n});stroke:var(--k{n})}}" for n in range(5)]
    return "".join(rules)


STYLE = (
    f":root{{color-scheme:light dark;--ours:{OURS};{variables(LIGHT)}}}"
    f"@media screen and (prefers-color-scheme:dark){{:root{{{variables(DARK)}}}}}"
    f"{_shaded()}{LAYOUT}{TABLES}{CARDS}{CHARTS}{PRINT}"
)
