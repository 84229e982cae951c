/** The way from the agent to Longshore, with the credential. The key is in here and in no message. */
import { Agent, type ClientRequest, type RequestOptions, request as requestPlain } from 'node:http';
import { request as requestSecure, Agent as TlsAgent } from 'node:https';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectSecure } from 'node:tls';

export interface Target {
  /** `http://…` or `https://…`; a path is put before every other, as a gateway's stage. */
  url: URL;
  key: string;
  /** PEM; null for the authorities that Node trusts. */
  ca: string | null;
}

export interface Onward {
  authorization: string;
  /** Reached by TLS. */
  isSecure: boolean;
  /** What every request carries: for whom it is, and from whom. */
  headers: string[];
  /** The target of a request that asks for `path`. */
  path(path: string): string;
  request(options: Pick<RequestOptions, 'method' | 'path' | 'headers'>): ClientRequest;
  /** A connection for a request that is written by hand. Either side may end first. */
  connect(): Socket;
  /** Why Longshore cannot be reached, for the agent's user. */
  explain(error: Error): string;
  close(): void;
}

/** Tells Longshore that whoever asks needs no connection in both directions. */
const fromAgent = ['Longshore-Connect', '1'];

export function onwardTo({ url, key, ca }: Target): Onward {
  const secure = url.protocol === 'https:';
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const port = Number(url.port || (secure ? 443 : 80));
  const authorization = `Bearer ${key}`;
  // A connection for each: the server may close a kept one at the very moment at which a POST is sent on it, and no POST may be
  // sent twice. Sessions of TLS are resumed all the same.
  const agent = secure ? new TlsAgent({ keepAlive: false }) : new Agent({ keepAlive: false });
  const tls = { ...(ca === null ? {} : { ca }), ...(isIP(host) ? {} : { servername: host }) };
  const secureConnection = { ...tls, host, port, allowHalfOpen: true, ALPNProtocols: ['http/1.1'] };
  return {
    authorization,
    isSecure: secure,
    headers: ['Host', url.host, 'Authorization', authorization, ...fromAgent],
    path: (path) => url.pathname.replace(/\/$/, '') + path,
    request: (options) =>
      secure
        ? requestSecure({ ...options, ...tls, host, port, agent })
        : requestPlain({ ...options, host, port, agent }),
    connect: () => (secure ? connectSecure(secureConnection) : connectPlain({ host, port, allowHalfOpen: true })),
    explain: (error) => {
      const { code = error.message } = error as NodeJS.ErrnoException;
      return `longshore connect: ${url.origin} cannot be reached (${code})`;
    },
    close: () => agent.destroy(),
  };
}
