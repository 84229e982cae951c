/** The node process where its secrets are in Secrets Manager, as on Fargate: what no function can carry. */
import { parseConfig } from '../config.ts';
import { functionDeps } from '../lambda/function-deps.ts';
import { tlsFiles } from '../lambda/tls-files.ts';
import { run } from './node.ts';

const { LONGSHORE_TLS_SECRET: secret, ...env } = process.env;
const config = parseConfig({ ...env, ...(secret && (await tlsFiles(secret))) });
const running = await run(config, await functionDeps(config));
console.log(`Longshore listens on ${running.tlsUrl ?? running.url}`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void running.close().then(() => process.exit(0)));
}
