/** The `longshore` command: which part of it was asked for, and how it ends. */
import { readFileSync } from 'node:fs';
import { certs } from '../cli/certs.ts';
import { connect } from '../cli/connect.ts';
import { type CliContext, UsageError } from '../cli/context.ts';

const help = `longshore COMMAND [options]

  connect    let any Docker client on this machine use Longshore, without a credential of its own
  certs      client certificates for Docker clients: issue, list, revoke
  version    of this command

longshore COMMAND --help tells more.`;

const version = () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  console.log(version);
};

async function run([command, ...args]: string[], context: CliContext): Promise<void> {
  switch (command) {
    case 'connect':
      return connect(args, context);
    case 'certs':
      return certs(args, context);
    case 'version':
    case '--version':
    case '-v':
      return version();
    case 'help':
    case '--help':
    case '-h':
      return console.log(help);
    default:
      throw new UsageError(help);
  }
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());

try {
  await run(process.argv.slice(2), { env: process.env, print: console.log, signal: stop.signal });
} catch (error) {
  const isUsage = error instanceof UsageError || /^ERR_PARSE_ARGS/.test((error as NodeJS.ErrnoException).code ?? '');
  console.error(isUsage ? (error as Error).message : error);
  process.exitCode = isUsage ? 2 : 1;
}
