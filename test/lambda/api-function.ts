/** The handler of the api function in this process, without a runtime: invoked with events, answering into a stream. */
import { PassThrough, type Writable } from 'node:stream';
import type { Deps } from '../../src/context.ts';
import { createApiHandler } from '../../src/lambda/api-handler.ts';
import type { AnswerHead } from '../../src/lambda/invocation.ts';
import { parseFunctionConfig } from '../../src/lambda/settings.ts';
import { type GatewayRequest, gatewayEvent } from './gateway-event.ts';

export interface Invoked {
  head: Promise<AnswerHead>;
  output: PassThrough;
  /** Rejects when the answer broke off. */
  done: Promise<void>;
  text(): Promise<string>;
}

export interface ApiFunction {
  /** @param event what the gateway sends, or a request that it makes an event of */
  invoke(event: unknown, timeoutMs?: number): Invoked;
  send(request: GatewayRequest, timeoutMs?: number): Invoked;
}

/** @param makeDeps instead of the shipped ones */
export function apiFunction(env: Record<string, string>, makeDeps?: () => Promise<Deps>): ApiFunction {
  const heads = new WeakMap<Writable, (head: AnswerHead) => void>();
  const config = parseFunctionConfig({ LONGSHORE_LOG_LEVEL: 'silent', ...env });
  const begin = (output: Writable, head: AnswerHead) => {
    heads.get(output)?.(head);
    return output;
  };
  const handler = createApiHandler(config, begin, makeDeps);
  const invoke: ApiFunction['invoke'] = (event, timeoutMs = 60_000) => {
    const output = new PassThrough();
    const endsAt = Date.now() + timeoutMs;
    const head = new Promise<AnswerHead>((resolve) => heads.set(output, resolve));
    const done = handler(event, output, { getRemainingTimeInMillis: () => endsAt - Date.now() });
    done.catch(() => output.destroy());
    return {
      head,
      output,
      done,
      text: async () => {
        const chunks: Buffer[] = [];
        for await (const chunk of output) chunks.push(chunk);
        return Buffer.concat(chunks).toString();
      },
    };
  };
  return { invoke, send: (request, timeoutMs) => invoke(gatewayEvent(request), timeoutMs) };
}
