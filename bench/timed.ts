/** Requests that are timed one by one, over connections that are kept, from this process. */
import { Agent, request } from 'node:http';

export interface Caller extends Disposable {
  /** The parsed answer and how long it took, in milliseconds. Throws unless the status is 2xx. */
  call(method: string, path: string, body?: unknown): Promise<{ ms: number; answer: unknown }>;
}

export function openCaller(url: string, key: string, connections: number): Caller {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const caller: Caller = {
    call: (method, path, body) =>
      new Promise((resolve, reject) => {
        const payload = body === undefined ? undefined : JSON.stringify(body);
        const headers = {
          authorization: `Bearer ${key}`,
          ...(payload === undefined
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
        };
        const began = performance.now();
        const sent = request(url + path, { method, agent, headers }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part: string) => {
            text += part;
          });
          response.on('error', reject).on('end', () => {
            const ms = performance.now() - began;
            const status = response.statusCode ?? 0;
            if (status >= 300) reject(new Error(`${method} ${path} answered ${status}: ${text}`));
            else resolve({ ms, answer: text === '' ? null : JSON.parse(text) });
          });
        });
        sent.on('error', (error: NodeJS.ErrnoException) => {
          // The server closes connections that were idle while others had their turn, sometimes just as one is used again.
          if (sent.reusedSocket && error.code === 'ECONNRESET') resolve(caller.call(method, path, body));
          else reject(error);
        });
        sent.end(payload);
      }),
    [Symbol.dispose]: () => agent.destroy(),
  };
  return caller;
}

/** Runs `task` in so many lanes side by side until `seconds` are over or the signal aborts; answers the seconds it took. */
export async function inLanes(
  lanes: number,
  { seconds, signal }: { seconds: number; signal: AbortSignal },
  task: (lane: number, turn: number) => Promise<void>,
): Promise<number> {
  const began = performance.now();
  const lane = async (number: number) => {
    for (let turn = 0; performance.now() - began < seconds * 1000 && !signal.aborted; turn++) await task(number, turn);
  };
  await Promise.all(Array.from({ length: lanes }, (_, number) => lane(number)));
  signal.throwIfAborted();
  return (performance.now() - began) / 1000;
}
