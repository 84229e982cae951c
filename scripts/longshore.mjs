#!/usr/bin/env node
/** The `longshore` command of package.json: plain JavaScript that runs on whatever Node is there, and finds the right one. */
process.argv.splice(2, 0, 'longshore');
await import('./bootstrap.mjs');
