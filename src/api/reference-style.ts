/** How the API reference looks, in light and in dark. */
export const referenceStyle = `
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --link: light-dark(#0b5cad, #7ab7ff); }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.5 system-ui, sans-serif; display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1rem; border-right: 1px solid var(--line); font-size: 13px; }
nav ul { list-style: none; margin: 0 0 1rem; padding: 0; }
nav a { display: block; padding: 1px 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: inherit; }
nav strong { text-transform: capitalize; }
main { max-width: 60rem; padding: 1rem 2.5rem 6rem; }
h2 { margin-top: 3rem; text-transform: capitalize; border-bottom: 1px solid var(--line); }
h2.plain { text-transform: none; }
section { margin: 2rem 0; }
h3 { margin-bottom: 0; font-size: 1.05rem; }
h4 { margin: 1rem 0 .25rem; font-size: .9rem; }
a { color: var(--link); text-decoration: none; }
a:hover { text-decoration: underline; }
code, pre { font: 13px/1.45 ui-monospace, monospace; }
pre { padding: .6rem .8rem; background: var(--soft); overflow-x: auto; border-radius: 4px; }
.method { display: inline-block; min-width: 3.6em; font: bold 11px ui-monospace, monospace; }
.get { color: light-dark(#06703c, #5fd39a); }
.post { color: light-dark(#8a4b00, #f0b429); }
.patch, .put { color: light-dark(#6a3fb5, #c3a6ff); }
.delete { color: light-dark(#b3261e, #ff8a80); }
dl { margin: 0; }
dt { padding-top: .35rem; border-top: 1px solid var(--line); }
dd { margin: 0 0 .35rem 1.2rem; }
dl dl { margin: .3rem 0 0; }
.type, .note { opacity: .75; font-size: 13px; }
.required { color: light-dark(#b3261e, #ff8a80); font-size: 12px; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; } main { padding: 1rem; } }
`;
