/** `longshore connect`: runs the local agent until it is stopped. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { type Place, startAgent } from '../agent/agent.ts';
import { accessHelp, accessOptions, findAccess } from './access.ts';
import { type CliContext, UsageError } from './context.ts';

const help = `longshore connect [options]

Opens a unix socket on this machine, or a port of 127.0.0.1, that any Docker client can use without a credential: the agent
adds the key and relays to Longshore. Whoever can open it acts with the key: the socket is yours alone, the port is everybody's
on this machine. It runs until Ctrl-C.

  --socket PATH      the default: docker.sock in $XDG_RUNTIME_DIR/longshore, or in ~/.longshore
  --port NUMBER      a port of 127.0.0.1 instead; 0: any free one${accessHelp}`;

export async function connect(args: string[], context: CliContext): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      ...accessOptions,
      socket: { type: 'string' },
      port: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help) return context.print(help);
  const target = findAccess(values, context, 'apiKey');
  const agent = await startAgent(target, placeOf(values, context.env)).catch((error: NodeJS.ErrnoException) => {
    throw new UsageError(error.code === 'EADDRINUSE' ? `Port ${values.port} is taken` : error.message);
  });
  context.print(`Relaying ${agent.dockerHost} to ${target.url.origin}. Ctrl-C stops it. Use it with either of:

  docker context create longshore --docker host=${agent.dockerHost} && docker context use longshore
  export DOCKER_HOST=${agent.dockerHost}
`);
  await new Promise((done) => {
    context.signal.addEventListener('abort', done, { once: true });
    if (context.signal.aborted) done(undefined);
  });
  await agent.close();
}

function placeOf({ socket, port }: { socket?: string; port?: string }, env: CliContext['env']): Place {
  if (port !== undefined) {
    if (socket !== undefined) throw new UsageError('Give --socket or --port, not both');
    if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535) throw new UsageError('--port must be 0 to 65535');
    return { port: Number(port) };
  }
  const folder = env.XDG_RUNTIME_DIR ? join(env.XDG_RUNTIME_DIR, 'longshore') : join(homedir(), '.longshore');
  const socketPath = resolve(socket ?? join(folder, 'docker.sock'));
  // The system takes no longer ones.
  if (Buffer.byteLength(socketPath) > 103) throw new UsageError(`The path of the socket is too long: ${socketPath}`);
  return { socketPath };
}
