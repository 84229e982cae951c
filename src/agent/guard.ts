/**
 * Who may use the agent. Whoever reaches it acts with its key, so nothing that a web page can make a browser send is let through:
 * a page of any site can reach 127.0.0.1, and by DNS rebinding under a name of its own.
 */
import type { IncomingMessage } from 'node:http';

/** What browsers put on requests, and Docker clients never do. */
const ofBrowsers = ['origin', 'referer', 'sec-fetch-site', 'sec-fetch-mode', 'sec-fetch-dest', 'cookie'];

export interface Refusal {
  status: number;
  message: string;
}

/**
 * Null for a request that may pass. @param port of 127.0.0.1 where the agent listens; null for a socket, which no browser reaches
 * and whose clients send any Host they like. @param authorization the one that the agent adds
 */
export function refusalOf(
  { headers, headersDistinct, url = '' }: IncomingMessage,
  port: number | null,
  authorization: string,
): Refusal | null {
  if (!url.startsWith('/')) return { status: 400, message: 'longshore connect: the request target must be a path' };
  if (port !== null && !isOwnHost(headers.host ?? '', port)) {
    return { status: 403, message: `longshore connect: it answers to 127.0.0.1:${port} and localhost:${port} only` };
  }
  if (ofBrowsers.some((name) => name in headers)) {
    return { status: 403, message: 'longshore connect: it is not for web pages' };
  }
  const given = headersDistinct.authorization;
  if (given && (given.length > 1 || given[0] !== authorization)) {
    const message =
      'longshore connect: it adds the credential itself; take Authorization out of HttpHeaders in config.json';
    return { status: 400, message };
  }
  return null;
}

function isOwnHost(host: string, port: number): boolean {
  return [`127.0.0.1:${port}`, `localhost:${port}`].includes(host.toLowerCase());
}
