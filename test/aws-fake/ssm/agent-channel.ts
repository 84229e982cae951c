/**
 * The agent's end of a session: greets, starts the command in the container on a terminal, and carries bytes both ways.
 * It outlives its sockets: a client that comes back with a new token goes on where it was.
 */
import type { WebSocket } from 'ws';
import type { RuntimeExec } from '../runtime/runtime.ts';
import type { World } from '../world.ts';
import { type AgentMessage, decodeMessage, payloadTypes } from './agent-message.ts';
import { acknowledgement, control, maxPending, Outgoing } from './outgoing.ts';
import type { Session } from './session-store.ts';
import { shellWords } from './shell-words.ts';

const chunkBytes = 1024;
const handshakeTimeoutMs = 15_000;
const idleTimeoutMs = 20 * 60_000;
const action = 'ssmmessages:OpenDataChannel';

export class AgentChannel {
  private readonly session: Session;
  private readonly world: World;
  private readonly outgoing: Outgoing;
  private readonly early = new Map<number, AgentMessage>();
  private socket: WebSocket | undefined;
  private expected = 0;
  private greeted = false;
  private paused = false;
  private exec: RuntimeExec | undefined;
  private work: Promise<void> = Promise.resolve();
  private hearing = false;
  private ended = false;
  private cancelIdle = () => {};

  constructor(world: World, session: Session) {
    this.world = world;
    this.session = session;
    this.outgoing = new Outgoing(world.habits.channel, (bytes) => this.transmit(bytes));
  }

  /** Takes over a socket whose token was right. */
  attach(socket: WebSocket): void {
    this.socket?.terminate();
    this.socket = socket;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      if (socket === this.socket) this.receive(data, isBinary);
    });
    this.touch();
    if (this.greeted) {
      this.outgoing.resendAll();
      return;
    }
    this.greeted = true;
    this.outgoing.send(payloadTypes.handshakeRequest, json(this.greeting()));
    this.world.clock.after(handshakeTimeoutMs, () => {
      if (!this.exec && this.expected === 0)
        this.end('Handshake timed out. Please ensure that you have the latest version.');
    });
  }

  /** Tells the client to send no input for a while, or that it may again. */
  pause(paused: boolean): void {
    this.paused = paused;
    this.transmit(control(paused ? 'pause_publication' : 'start_publication', this.addresses()));
  }

  /** Ends the command and the channel. */
  end(output: string): void {
    if (this.ended) return;
    this.ended = true;
    this.session.terminated = true;
    this.cancelIdle();
    this.transmit(control('channel_closed', { ...this.addresses(), Output: output }));
    this.outgoing.close();
    this.exec?.kill().catch((error) => this.world.failures.push(error));
    this.socket?.close();
  }

  private greeting() {
    const properties = { SessionType: 'InteractiveCommands', Properties: { command: this.session.command } };
    const actions = [{ ActionType: 'SessionType', ActionParameters: properties }];
    return { AgentVersion: '3.3.3572.0', RequestedClientActions: actions };
  }

  private addresses() {
    return { DestinationId: this.session.id, SessionId: this.session.id };
  }

  private receive(data: Buffer, isBinary: boolean): void {
    this.touch();
    let message: AgentMessage;
    try {
      if (!isBinary) throw new Error('a text frame after the first');
      message = decodeMessage(data);
    } catch (error) {
      this.blame(`the client sent ${error instanceof Error ? error.message : error}`);
      return;
    }
    if (message.type === 'acknowledge') {
      this.acknowledged(message);
      return;
    }
    if (message.type !== 'input_stream_data') {
      this.blame(`the client sent a message of type ${message.type}`);
      return;
    }
    if (this.paused) this.blame('the client sent input while publication was paused');
    this.take(message);
  }

  private acknowledged({ payload }: AgentMessage): void {
    const content = parse(payload);
    const { AcknowledgedMessageSequenceNumber: sequence, AcknowledgedMessageType: type } = content;
    if (typeof sequence !== 'number' || type !== 'output_stream_data' || !content.AcknowledgedMessageId) {
      this.blame('the client sent an acknowledgement without its fields');
      return;
    }
    this.outgoing.acknowledged(sequence);
    if (this.outgoing.size < maxPending / 2) this.exec?.stream.resume();
  }

  /** In order; what comes too early waits, what came before is only acknowledged again. */
  private take(message: AgentMessage): void {
    // Until the terminal is there, input is neither taken nor acknowledged, so that the client sends it again.
    if (message.sequence > 0 && !this.hearing) return;
    if (message.sequence < this.expected) {
      this.acknowledge(message);
      return;
    }
    this.early.set(message.sequence, message);
    this.acknowledge(message);
    for (let next = this.early.get(this.expected); next; next = this.early.get(this.expected)) {
      this.early.delete(this.expected);
      this.expected += 1;
      this.process(next);
    }
  }

  private process({ payloadType, payload, sequence }: AgentMessage): void {
    if (sequence === 0) {
      this.shake(payloadType, payload);
      return;
    }
    if (payloadType === payloadTypes.output) this.inOrder(() => void this.exec?.stream.write(payload));
    else if (payloadType === payloadTypes.size) this.resize(payload);
    else if (payloadType !== payloadTypes.flag) this.blame(`the client sent input of payload type ${payloadType}`);
    if (payloadType === payloadTypes.output && payload.length > chunkBytes) {
      this.blame(`the client sent ${payload.length} bytes of input in one message`);
    }
  }

  private shake(payloadType: number, payload: Buffer): void {
    const { ClientVersion, ProcessedClientActions } = parse(payload);
    const [done] = Array.isArray(ProcessedClientActions) ? ProcessedClientActions : [];
    const isAnswer = payloadType === payloadTypes.handshakeResponse && typeof ClientVersion === 'string';
    if (!isAnswer || done?.ActionType !== 'SessionType' || done.ActionStatus !== 1) {
      this.blame('the first input was no response to the handshake');
      this.end('The client did not complete the handshake.');
      return;
    }
    this.outgoing.send(
      payloadTypes.handshakeComplete,
      json({ HandshakeTimeToComplete: 1_000_000, CustomerMessage: '' }),
    );
    this.run().catch((error) => this.end(error instanceof Error ? error.message : String(error)));
  }

  private async run(): Promise<void> {
    const words = shellWords(this.session.command);
    const exec = await this.session.container.exec(words.length > 0 ? words : ['sh']);
    this.exec = exec;
    setTimeout(() => {
      this.hearing = true;
    }, this.world.habits.channel.deafMs).unref();
    exec.stream.on('data', (data: Buffer) => {
      for (let at = 0; at < data.length; at += chunkBytes) {
        this.outgoing.send(payloadTypes.output, data.subarray(at, at + chunkBytes));
      }
      if (this.outgoing.size > maxPending) exec.stream.pause();
    });
    exec.stream.on('error', (error) => this.end(error.message));
    exec.stream.on('end', () => this.endOnceHeard());
  }

  /** What was said last is acknowledged before the channel closes. */
  private endOnceHeard(): void {
    const poll = setInterval(() => {
      if (this.outgoing.size > 0 && !this.ended) return;
      clearInterval(poll);
      this.end('');
    }, 10);
    poll.unref();
  }

  private resize(payload: Buffer): void {
    const { cols, rows } = parse(payload);
    if (typeof cols !== 'number' || typeof rows !== 'number') {
      this.blame('the client sent a size without numbers');
      return;
    }
    this.inOrder(() => this.exec?.resize({ cols, rows }));
  }

  /** Input typed after a change of size finds the terminal of that size. */
  private inOrder(step: () => void | Promise<void>): void {
    this.work = this.work.then(step).catch((error) => void this.world.failures.push(error));
  }

  private acknowledge(message: AgentMessage): void {
    if (!this.world.habits.channel.loseAck()) this.transmit(acknowledgement(message));
  }

  private transmit(bytes: Buffer): void {
    const { socket } = this;
    if (socket?.readyState !== socket?.OPEN) return;
    if (this.world.habits.channel.cut()) socket?.terminate();
    else socket?.send(bytes);
  }

  private touch(): void {
    this.cancelIdle();
    this.cancelIdle = this.world.clock.after(idleTimeoutMs, () => this.end('Session timed out.'));
  }

  private blame(problem: string): void {
    this.world.violations.push({ action, problem });
  }
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function parse(payload: Buffer): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(payload.toString('utf8'));
    return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
