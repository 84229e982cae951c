/**
 * Talking to one registry about one repository, with the credential of a tenant: the two ways that registries ask for one.
 * https://distribution.github.io/distribution/spec/auth/token/
 */
import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';
import type { RegistryPolicy } from '../domain/registry-policy.ts';
import type { RegistryAuth } from '../providers/provider.ts';
import { type RegistryRequest, readAnswer, sendToRegistry } from './http.ts';

export interface RegistrySession {
  /** As a reference names it. */
  readonly domain: string;
  /** Where its requests go. */
  readonly host: string;
  /** Any status but 401. Throws forbidden when it wants another credential. */
  send(request: Omit<RegistryRequest, 'host'>): Promise<IncomingMessage>;
}

interface SessionOptions {
  policy: RegistryPolicy;
  domain: string;
  auth: RegistryAuth | null;
  /** `repository:team/app:pull,push`; null = none in particular. */
  scope: string | null;
  signal: AbortSignal;
}

const tokenAnswer = z.object({ token: z.string().optional(), access_token: z.string().optional() });

export function openRegistry(options: SessionOptions): RegistrySession {
  const { policy, domain, auth, signal } = options;
  const host = domain === 'docker.io' ? 'registry-1.docker.io' : domain;
  let authorization: string | null = null;

  async function attempt(request: Omit<RegistryRequest, 'host'>): Promise<IncomingMessage> {
    const headers = { ...request.headers, ...(authorization !== null && { authorization }) };
    return sendToRegistry(policy, { ...request, host, headers }, signal);
  }

  async function authorize(challenge: string): Promise<string> {
    const refused = new AppError('forbidden', `The registry ${domain} refused access`);
    if (/^basic\b/i.test(challenge)) {
      if (auth?.username === undefined || authorization !== null) throw refused;
      return basic(auth);
    }
    if (!/^bearer\b/i.test(challenge)) throw refused;
    const token = await fetchToken(options, host, challenge);
    if (token === null) throw refused;
    return `Bearer ${token}`;
  }

  return {
    domain,
    host,
    async send(request) {
      let answer = await attempt(request);
      if (answer.statusCode === 401) {
        answer.destroy();
        authorization = await authorize(answer.headers['www-authenticate'] ?? '');
        answer = await attempt(request);
      }
      if (answer.statusCode !== 401) return answer;
      answer.destroy();
      throw new AppError('forbidden', `The registry ${domain} refused access`);
    },
  };
}

const basic = ({ username, password }: RegistryAuth): string =>
  `Basic ${Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')}`;

/** Null when the credential is refused. */
async function fetchToken(
  { policy, domain, auth, scope, signal }: SessionOptions,
  registry: string,
  challenge: string,
): Promise<string | null> {
  const field = (name: string) => new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1];
  const realm = URL.canParse(field('realm') ?? '') ? new URL(field('realm') ?? '') : null;
  // Nobody else on the loopback address, or on plain HTTP, gets a credential that was meant for this registry.
  const isOwn = realm?.host === registry;
  if (realm?.username !== '' || (realm.protocol !== 'https:' && !isOwn)) {
    throw new AppError('unavailable', `The registry ${domain} asks for a token in a way that is not trusted`);
  }
  const wanted = { service: field('service') ?? '', ...(scope !== null && { scope }) };
  const away = isOwn ? policy : { ...policy, loopback: false };
  const path = `${realm.pathname}${realm.search}`;
  const request = auth?.identityToken
    ? refresh(path, { ...wanted, refresh_token: auth.identityToken })
    : ask(path, wanted, auth);
  const answer = await sendToRegistry(away, { ...request, host: realm.host }, signal);
  const body = await readAnswer(answer, realm.host);
  if (answer.statusCode === 401 || answer.statusCode === 403) return null;
  const parsed = answer.statusCode === 200 ? tokenAnswer.safeParse(parse(body)) : null;
  const token = parsed?.success ? (parsed.data.token ?? parsed.data.access_token) : undefined;
  if (token === undefined) throw new AppError('unavailable', `The registry ${domain} gives no token`);
  return token;
}

function ask(path: string, wanted: Record<string, string>, auth: RegistryAuth | null): Omit<RegistryRequest, 'host'> {
  const query = new URLSearchParams(wanted);
  return {
    method: 'GET',
    path: `${path}${path.includes('?') ? '&' : '?'}${query}`,
    ...(auth?.username !== undefined && { headers: { authorization: basic(auth) } }),
  };
}

function refresh(path: string, wanted: Record<string, string>): Omit<RegistryRequest, 'host'> {
  const form = Buffer.from(
    new URLSearchParams({ ...wanted, grant_type: 'refresh_token', client_id: 'longshore' }).toString(),
  );
  return {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: { size: form.length, read: () => [form] },
  };
}

export function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}

/** What a status that was not hoped for means. */
export function refusal({ domain }: RegistrySession, status: number | undefined, reference: string): AppError {
  if (status === 404) return new AppError('not_found', `The registry ${domain} has no such image: ${reference}`);
  if (status === 403) return new AppError('forbidden', `The registry ${domain} refused access: ${reference}`);
  if (status === 429) return new AppError('rate_limited', `The registry ${domain} asks to slow down: ${reference}`);
  const elsewhere = status !== undefined && status >= 300 && status < 400;
  const what = elsewhere ? 'sends elsewhere, which is not followed' : `answered with ${status}`;
  return new AppError('unavailable', `The registry ${domain} ${what}: ${reference}`);
}
