/** The WebSocket of a session: its first frame opens it with a token, which is good for one time. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import type { World } from '../world.ts';
import { AgentChannel } from './agent-channel.ts';
import type { Session } from './session-store.ts';

const path = /^\/v1\/data-channel\/([\w-]+)\?role=publish_subscribe$/;
const channels = new WeakMap<Session, AgentChannel>();

/** Takes upgrades for data channels, and refuses others. */
export function dataChannels(world: World): (incoming: IncomingMessage, socket: Duplex, head: Buffer) => void {
  const server = new WebSocketServer({ noServer: true });
  return (incoming, socket, head) => {
    const session = world.sessions.sessions.get(path.exec(incoming.url ?? '')?.[1] ?? '');
    if (!session || session.terminated) return void socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
    server.handleUpgrade(incoming, socket, head, (client) => {
      client.on('error', () => client.terminate());
      open(world, session, client).catch((error) => world.failures.push(error));
    });
  };
}

async function open(world: World, session: Session, client: WebSocket): Promise<void> {
  const [data, isBinary]: [Buffer, boolean] = (await once(client, 'message')) as [Buffer, boolean];
  const problem = isBinary ? 'a binary frame' : openingProblem(data, session);
  session.token = undefined;
  if (problem) {
    world.violations.push({ action: 'ssmmessages:OpenDataChannel', problem: `the channel was opened with ${problem}` });
    return client.close(1008, problem);
  }
  const channel = channels.get(session) ?? new AgentChannel(world, session);
  channels.set(session, channel);
  session.channel = channel;
  channel.attach(client);
}

function openingProblem(data: Buffer, { token }: Session): string | undefined {
  const fields: Record<string, unknown> = JSON.parse(data.toString('utf8'));
  if (fields.MessageSchemaVersion !== '1.0') return 'another MessageSchemaVersion';
  const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
  if (!uuid.test(String(fields.RequestId)) || !uuid.test(String(fields.ClientId))) return 'no RequestId or ClientId';
  if (typeof fields.ClientVersion !== 'string') return 'no ClientVersion';
  return token !== undefined && fields.TokenValue === token ? undefined : 'a wrong token';
}
