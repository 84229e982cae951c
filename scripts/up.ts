/**
 * `npm run up`: an Engine, a database, the migrations and the server, in this order and down again in the opposite one.
 * Owns the order and what the user is told; each part has a module of its own.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseConfig } from '../src/config.ts';
import { migrate } from '../src/db/migrate.ts';
import { newApiKey } from '../src/domain/api-key.ts';
import { start } from '../src/entrypoints/node.ts';
import { type DevFile, devFilePath, readDevFile, writeDevFile, writeDockerConfig } from './dev-file.ts';
import { devTenant, ensureDevKey } from './dev-tenant.ts';
import { devTls } from './dev-tls.ts';
import { acquireEngine } from './engine.ts';
import { interruption } from './interruption.ts';
import { startPostgres } from './postgres.ts';
import { tryLock } from './process-lock.ts';
import { formatSeconds, printStep, step } from './steps.ts';

const log = (line: string) => console.log(`    ${line}`);

/** Resolves when everything is down again. Throws an error whose message is for the user. */
async function up(env: NodeJS.ProcessEnv, interrupted: AbortSignal): Promise<void> {
  // The server parses them again: a mistake in them must not cost the start of an Engine and a database first.
  parseConfig({ ...env, DATABASE_URL: env.DATABASE_URL || 'postgres://embedded' });
  await using cleanup = new AsyncDisposableStack();
  const dataDir = resolve(env.LONGSHORE_DATA_DIR || '.longshore');
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const unlock = tryLock(join(dataDir, 'up.lock'));
  const known = readDevFile(dataDir);
  if (!unlock) throw new Error(`Longshore already runs on ${dataDir}${known.url ? `, at ${known.url}` : ''}.`);
  cleanup.defer(unlock);

  const installMs = Number(env.LONGSHORE_INSTALL_MS || 0);
  const started = performance.now() - installMs;
  printStep('install', installMs, installMs > 0 ? 'npm ci' : 'up to date');
  const dockerHost = await findEngine(env, cleanup);
  interrupted.throwIfAborted();
  const databaseUrl = await findDatabase(env, dataDir, cleanup);
  interrupted.throwIfAborted();
  await step(
    'migrations',
    () => migrate(databaseUrl),
    () => 'applied',
  );
  interrupted.throwIfAborted();

  const operatorKey = env.LONGSHORE_OPERATOR_KEY || known.operatorKey || newApiKey((length) => randomBytes(length)).key;
  const serve = async () => {
    const server = await start({
      ...devTls(dataDir, env.LONGSHORE_HOST || undefined),
      LONGSHORE_TLS_PORT: tlsPort(env.LONGSHORE_PORT),
      LONGSHORE_LOG_LEVEL: 'warn',
      LONGSHORE_INSECURE_LOOPBACK_REGISTRIES: '1',
      ...env,
      DATABASE_URL: databaseUrl,
      DOCKER_HOST: dockerHost,
      LONGSHORE_OPERATOR_KEY: operatorKey,
    });
    cleanup.defer(server.close);
    const apiKey = await ensureDevKey({ url: server.url, operatorKey }, known.apiKey);
    const dev: DevFile = {
      url: server.url,
      dockerHost: server.url.replace('http:', 'tcp:'),
      dockerTlsHost: server.tlsUrl?.replace('https:', 'tcp:') ?? null,
      tenant: devTenant,
      apiKey,
      operatorKey,
      dockerConfig: writeDockerConfig(dataDir, apiKey),
    };
    writeDevFile(dataDir, dev);
    return dev;
  };
  const dev = await step('ready', serve, ({ url, dockerTlsHost }) => [url, dockerTlsHost].filter(Boolean).join(', '));
  console.log(howTo(dev, dataDir, performance.now() - started));

  await new Promise((resolve) => {
    if (interrupted.aborted) resolve(undefined);
    interrupted.addEventListener('abort', resolve, { once: true });
  });
  console.log('Stopping ...');
}

async function findEngine(env: NodeJS.ProcessEnv, cleanup: AsyncDisposableStack): Promise<string | undefined> {
  if (env.LONGSHORE_PROVIDER && env.LONGSHORE_PROVIDER !== 'docker') {
    printStep('engine', 0, `not needed by the ${env.LONGSHORE_PROVIDER} provider`);
    return undefined;
  }
  const engine = await step(
    'engine',
    () => acquireEngine({ env, log, install: true }),
    (found) => `${found.dockerHost}${found.private ? ' (private)' : ''}`,
  );
  cleanup.defer(engine.release);
  return engine.dockerHost;
}

async function findDatabase(env: NodeJS.ProcessEnv, dataDir: string, cleanup: AsyncDisposableStack): Promise<string> {
  if (env.DATABASE_URL) {
    printStep('database', 0, 'the one of DATABASE_URL');
    return env.DATABASE_URL;
  }
  const database = await step(
    'database',
    () => startPostgres({ dataDir, log }),
    () => `embedded Postgres in ${shown(dataDir)}`,
  );
  cleanup.defer(database.stop);
  return database.url;
}

/** Beside that of plain HTTP, so that two folders with ports of their own do not meet. */
function tlsPort(port: string | undefined): string {
  const plain = Number(port || 7070);
  return String(plain === 0 || plain === 65_535 ? 0 : plain + 1);
}

function howTo({ url, dockerHost, dockerConfig }: DevFile, dataDir: string, tookMs: number): string {
  const file = shown(devFilePath(dataDir));
  return `
Longshore is ready after ${formatSeconds(tookMs)}. Its keys are in ${file}; Ctrl-C stops it. Try:

  URL=${url} AUTH="Authorization: Bearer $(node -p 'JSON.parse(fs.readFileSync("${file}")).apiKey')" JSON='content-type: application/json'
  curl -H "$AUTH" -H "$JSON" $URL/v1/images/pull -d '{"reference":"alpine"}'
  curl -H "$AUTH" -H "$JSON" $URL/v1/containers -d '{"name":"hello","image":"alpine","command":["echo","hello"],"start":true}'
  curl -H "$AUTH" $URL/v1/containers/hello/logs

  DOCKER_HOST=${dockerHost} docker --config ${shown(dockerConfig)} run --rm alpine echo hello

Docker clients that cannot send a header: npx longshore connect. The whole API: ${url}/docs
`;
}

/** A path as the user would type it. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

const interrupted = interruption();
try {
  await up(process.env, interrupted);
  process.exit(0);
} catch (error) {
  if (interrupted.aborted && error === interrupted.reason) process.exit(0);
  const { code, port } = error as NodeJS.ErrnoException & { port?: number };
  const plain = Number(process.env.LONGSHORE_PORT || 7070);
  const setting = port === plain ? 'LONGSHORE_PORT' : 'LONGSHORE_TLS_PORT';
  const taken = `Port ${port} is taken: set ${setting} to another one, or to 0 for any.`;
  console.error(code === 'EADDRINUSE' ? taken : (error as Error).message);
  process.exit(1);
}
