/** How the page looks: one column, hairlines, a system face, four quiet colours; light, dark, small, printed. */

export const PAGE_STYLE = `
:root{color-scheme:light dark;--paper:#fbfaf8;--raised:#f3f1ed;--ink:#1c2024;--soft:#585f67;--line:#e3dfd8;--well:#2c7a5b;--waiting:#8a5a00;--trouble:#b3362a;--damaged:#6c4a9e;--none:#8b9096;--glyph:#fff}
@media (prefers-color-scheme:dark){:root{--paper:#131619;--raised:#1b1f23;--ink:#e7e9eb;--soft:#a0a8b0;--line:#2b3137;--well:#58b58f;--waiting:#dba544;--trouble:#f0806f;--damaged:#b89cec;--none:#707880;--glyph:#131619}}
*,::before{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans","PingFang SC","Microsoft YaHei",Arial,sans-serif;-webkit-text-size-adjust:100%}
body{max-width:76rem;margin:0 auto;padding:2rem 1.5rem 3rem;overflow-wrap:anywhere}
[hidden]{display:none!important}
.unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.forms{position:absolute}
p,dl,dd,ul{margin:0;padding:0}
small{display:block;font-size:.8125rem;color:var(--soft);font-weight:400}
small bdi{display:inline-block}
code{font:.875em ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;background:var(--raised);padding:.1em .35em;border-radius:4px}
.aside,.note,footer{color:var(--soft);font-size:.875rem}
.brand{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1.5rem;font-weight:600;letter-spacing:-.01em}
.brand .aside{font-weight:400}
.old{margin-top:1.5rem;padding:.75rem 1rem;border:2px solid var(--trouble);border-radius:8px;font-weight:600}
.headline{display:flex;gap:1.25rem;align-items:flex-start;margin:3rem 0 2.5rem}
h1{margin:0;font-size:clamp(1.5rem,1.1rem + 1.9vw,2.25rem);line-height:1.2;font-weight:650;letter-spacing:-.022em;max-width:32ch;text-wrap:balance}
.headline p{margin-top:.5rem;color:var(--soft)}
.mark{flex:none;width:2.75rem;height:2.75rem}
.mark path{fill:none;stroke:var(--glyph);stroke-width:4;stroke-linecap:round;stroke-linejoin:round}
.headline.well .mark{fill:var(--well)}
.headline.notice .mark{fill:var(--damaged)}
.headline.trouble .mark{fill:var(--trouble)}
dl{display:grid;grid-template-columns:repeat(6,auto);justify-content:space-between;gap:1rem 2rem;padding:1.25rem 0;border-block:1px solid var(--line)}
dt{font-size:.8125rem;color:var(--soft)}
dd{font-size:1.375rem;line-height:1.3;font-weight:600;letter-spacing:-.015em;font-variant-numeric:tabular-nums}
.calm dd{color:var(--soft);font-weight:400}
.stale dd,.stale b{color:var(--waiting)}
.risk dd,.risk b{color:var(--trouble)}
.damaged dd,.damaged b{color:var(--damaged)}
section{margin-top:3rem}
.title{display:flex;flex-wrap:wrap;align-items:center;justify-content:space-between;gap:.5rem 1.5rem}
h2{margin:0;font-size:1.25rem;line-height:1.3;font-weight:650;letter-spacing:-.015em}
.note{display:flex;flex-wrap:wrap;justify-content:space-between;gap:.25rem 1.5rem;margin-top:.25rem}
p.note{display:block}
.legend{display:flex;flex-wrap:wrap;gap:.25rem 1.25rem;list-style:none}
.legend li{display:flex;align-items:center;gap:.375rem}
.search{display:flex;align-items:center;font-size:.875rem}
.search input{margin-left:.5rem}
.search output:not(:empty){margin-right:.75rem}
.search input{font:inherit;color:inherit;background:var(--paper);border:1px solid var(--none);border-radius:6px;padding:.375rem .625rem;width:15rem;max-width:100%}
.search :is(label,output){flex:none;color:var(--soft)}
:focus-visible{outline:2px solid var(--well);outline-offset:2px}
table{width:100%;border-collapse:collapse;margin-top:1rem;font-size:.9375rem;font-variant-numeric:tabular-nums}
th,td{text-align:left;vertical-align:top;padding:.75rem 1.25rem .75rem 0}
th:last-child,td:last-child{padding-right:0}
thead th{font-size:.8125rem;font-weight:400;color:var(--soft);padding-block:.375rem;border-bottom:1px solid var(--line)}
tbody th{font-weight:600}
tbody tr{border-bottom:1px solid var(--line);break-inside:avoid}
td b{font-weight:600}
@media (min-width:60.01rem){
.instances{table-layout:fixed}
.instances th:nth-child(1){width:25%}
.instances th:nth-child(2){width:17%}
.instances th:nth-child(4){width:14.5%}
.instances th:nth-child(5){width:8.5%}
}
.instances td:nth-child(4),.cards th{white-space:nowrap}
td>b::before{content:"";display:inline-block;width:.625rem;height:.625rem;margin-right:.5rem;background:currentColor;forced-color-adjust:none}
.well>b::before{border-radius:50%;background:var(--well)}
.risk>b::before,.stale>b::before{clip-path:polygon(50% 0,100% 100%,0 100%)}
.damaged>b::before{clip-path:polygon(20% 0,50% 30%,80% 0,100% 20%,70% 50%,100% 80%,80% 100%,50% 70%,20% 100%,0 80%,30% 50%,0 20%)}
.waiting>b::before{background:none;border:2px solid var(--waiting);border-radius:50%}
.vanished>b::before{background:var(--none);height:2px;vertical-align:middle}
.days{display:block;max-width:100%;height:auto;margin-top:.2rem}
.archived{fill:url(#day-archived)}
.open{fill:url(#day-open)}
.quarantined{fill:url(#day-quarantined)}
.none{fill:url(#day-none)}
.form-archived{fill:var(--well)}
.form-open{fill:none;stroke:var(--waiting);stroke-width:1.5}
.form-quarantined rect{fill:var(--damaged)}
.form-quarantined path{stroke:var(--glyph);stroke-width:1.6;stroke-linecap:round}
.form-none{fill:var(--none)}
details{border-bottom:1px solid var(--line)}
summary{cursor:pointer;padding:.875rem 0;font-size:.9375rem;font-weight:600}
summary .aside{font-weight:400;margin-left:.75rem}
details table{margin-top:0}
.problems{list-style:none;margin-top:1rem;border-top:1px solid var(--line)}
.problems li{padding:.75rem 0;border-bottom:1px solid var(--line)}
.problems b{font-weight:600}
footer{margin-top:3.5rem;padding-top:1.25rem;border-top:1px solid var(--line)}
@media (max-width:60rem){
dl{grid-template-columns:repeat(3,auto)}
.instances,.instances tbody{display:block}
.instances thead{display:none}
.instances tr{display:grid;grid-template-columns:1fr auto;gap:.5rem 1.25rem;padding:1rem 0}
.instances :is(th,td){padding:0}
.instances td:nth-child(3){grid-column:1/-1}
.instances :is(td:nth-child(2),td:nth-child(5)){text-align:right}
.instances td:nth-child(4)::before{content:"Newest ";color:var(--soft)}
.instances td:nth-child(5)::before{content:"Archives ";color:var(--soft)}
.instances{border-top:1px solid var(--line)}
}
@media (max-width:40rem){
body{padding:1.25rem 1rem 2rem}
.headline{gap:.875rem;margin:2rem 0}
.mark{width:2rem;height:2rem}
dl{grid-template-columns:1fr 1fr}
.search,.search input{width:100%}
.cards,.cards tbody{display:block}
.cards thead{display:none}
.cards{border-top:1px solid var(--line)}
.cards tr{display:block;padding:.875rem 0}
.cards :is(th,td){display:block;padding:0}
.cards th{padding-bottom:.375rem}
.cards td{padding-left:7rem}
.cards td::before{content:attr(data-label);display:inline-block;width:7rem;margin-left:-7rem;color:var(--soft)}
}
@media print{
:root{--paper:#fff;--raised:#fff;--ink:#000;--soft:#444;--line:#bbb;--well:#2c7a5b;--waiting:#8a5a00;--trouble:#b3362a;--damaged:#6c4a9e;--none:#8b9096;--glyph:#fff}
*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
html{font-size:12px}
body{max-width:none;padding:0}
.search{display:none}
thead{display:table-header-group}
h2,.note{break-after:avoid}
}
`;
