/** Requests over TLS with a client certificate, or without one; each on a connection of its own. */
import { request } from 'node:https';
import type { Identity } from './authority.ts';

export interface TlsAnswer {
  status: number;
  text: string;
}

export function sendTls(
  url: string,
  ca: string,
  identity: Partial<Identity>,
  { method = 'GET', path = '/v1/containers', headers = {} as Record<string, string>, body = '' } = {},
): Promise<TlsAnswer> {
  return new Promise((resolve, reject) => {
    const sent = request(url + path, { method, ca, ...identity, headers, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
