/** A WebSocket client that takes what it got step by step. */
import { once } from 'node:events';
import { WebSocket } from 'ws';

export interface TestSocket {
  socket: WebSocket;
  /** The next frame: text parsed as JSON, or bytes. Fails when the socket closes first. */
  next(): Promise<unknown>;
  /** Everything up to the close: output of each stream, the control messages, and the close's code. */
  rest(): Promise<{ stdout: string; stderr: string; messages: unknown[]; code: number }>;
}

/** Rejects with the HTTP status when the server refuses the handshake. */
export async function openSocket(url: string, headers: Record<string, string> = {}): Promise<TestSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { headers });
  const frames: unknown[] = [];
  const changed = new EventTarget();
  let code: number | null = null;
  socket.on('message', (data: Buffer, isBinary: boolean) => {
    frames.push(isBinary ? data : JSON.parse(data.toString()));
    changed.dispatchEvent(new Event('change'));
  });
  socket.on('close', (closeCode) => {
    code = closeCode;
    changed.dispatchEvent(new Event('change'));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response) => {
      socket.removeAllListeners('error').on('error', () => {});
      socket.terminate();
      reject(new Error(`HTTP ${response.statusCode}`));
    });
  });
  const next = async () => {
    while (frames.length === 0) {
      if (code !== null) throw new Error(`closed with ${code}`);
      await once(changed, 'change');
    }
    return frames.shift();
  };
  const rest = async () => {
    while (code === null) await once(changed, 'change');
    const output = { stdout: '', stderr: '' };
    const messages: unknown[] = [];
    for (const frame of frames.splice(0)) {
      if (Buffer.isBuffer(frame)) output[frame[0] === 1 ? 'stdout' : 'stderr'] += frame.subarray(1).toString();
      else messages.push(frame);
    }
    return { ...output, messages, code };
  };
  return { socket, next, rest };
}
