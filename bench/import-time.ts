/** Prints how long a bundled function takes to be imported, in milliseconds, without a runtime: `node bench/import-time.ts FOLDER`. */
import { pathToFileURL } from 'node:url';

const streamifyResponse = <T>(handler: T): T => handler;
Object.assign(globalThis, { awslambda: { streamifyResponse, HttpResponseStream: { from: <T>(stream: T) => stream } } });

const began = performance.now();
await import(pathToFileURL(`${process.argv[2]}/index.mjs`).href);
console.log(performance.now() - began);
