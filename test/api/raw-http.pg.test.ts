import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';
import { rawRequest, sendRaw } from '../support/raw-http.ts';

const json = 'Content-Type: application/json';
const body = '{"name":"raw"}';
const length = `Content-Length: ${body.length}`;
const chunked = 'Transfer-Encoding: chunked';
const chunks = `e\r\n${body}\r\n0\r\n\r\n`;
const smuggled = rawRequest(['DELETE /v1/volumes/kept HTTP/1.1', 'Host: x', 'Content-Length: 0']);

/** Requests as they are, for a volume or for the list of them; `A` stands for a good Authorization header. */
const get = (target: string, ...more: string[]) => rawRequest([`GET ${target} HTTP/1.1`, 'Host: x', 'A', ...more]);
const post = (headers: string[], sent = body) =>
  rawRequest(['POST /v1/volumes HTTP/1.1', 'Host: x', 'A', json, ...headers], sent);

const refused: Record<string, string> = {
  'a length and chunks': post([length, chunked], chunks),
  'a length that ends before the chunks do': post(['Content-Length: 4', chunked], `0\r\n\r\n${smuggled}`),
  'two lengths': post([length, 'Content-Length: 5']),
  'the same length twice': post([length, length]),
  'a list of lengths': post([`${length}, ${body.length}`]),
  'a length with a sign': post([`Content-Length: +${body.length}`]),
  'chunks twice over': post([chunked, chunked], chunks),
  'chunks of another coding': post(['Transfer-Encoding: gzip, chunked'], chunks),
  'chunks of an unknown coding': post(['Transfer-Encoding: xchunked'], chunks),
  'a chunk without a size': post([chunked], `zz\r\n${body}\r\n0\r\n\r\n`),
  'a compressed body': post([length, 'Content-Encoding: gzip']),
  'bare line feeds': get('/v1/volumes').replaceAll('\r\n', '\n'),
  'one bare line feed': get('/v1/volumes').replace('Host: x\r\n', 'Host: x\n'),
  'a folded header': get('/v1/volumes', 'X: a\r\n b'),
  'a blank before the colon': get('/v1/volumes', 'X : a'),
  'two hosts': get('/v1/volumes', 'Host: y'),
  'no host': rawRequest(['GET /v1/volumes HTTP/1.1', 'A']),
  'a host that is none': get('/v1/volumes').replace('Host: x', 'Host: a/b@c'),
  'two authorizations': get('/v1/volumes', 'A'),
  'two content types': post([length, 'Content-Type: text/plain']),
  'two idempotency keys': post([length, 'Idempotency-Key: a', 'Idempotency-Key: b']),
  'a whole URL as its target': get('http://x/v1/volumes'),
  'the URL of another host': get('http://other/v1/volumes'),
  'an asterisk as its target': rawRequest(['OPTIONS * HTTP/1.1', 'Host: x', 'A']),
  'no target': get(''),
  'a blank in its target': get('/v1/vol umes'),
  'a control character in its target': get('/v1/volumes/\x01'),
  'a fragment in its target': get('/v1/volumes#x'),
  'a backslash in its target': get('/v1\\volumes'),
  'an empty first segment': get('//v1/volumes'),
  'an empty segment': get('/v1//volumes'),
  'a way up': get('/v1/tenants/../volumes'),
  'an encoded way up': get('/v1/tenants/%2e%2E/volumes'),
  'a way up at the end': get('/v1/volumes/..'),
  'a way to itself': get('/v1/./volumes'),
  'an unknown method': get('/v1/volumes').replace('GET', 'BREW'),
  'a method in small letters': get('/v1/volumes').replace('GET', 'get'),
  'another version of HTTP': get('/v1/volumes').replace('HTTP/1.1', 'HTTP/2.0'),
  'a TLS handshake': '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
};
const tooLong: Record<string, string> = {
  'a giant header': get('/v1/volumes', `X: ${'a'.repeat(20_000)}`),
  'a giant target': get(`/v1/volumes?name=${'a'.repeat(20_000)}`),
  'thousands of headers': get('/v1/volumes', ...Array.from({ length: 3000 }, (_, number) => `X${number}: 1`)),
};
/** Good requests in an unusual form, and requests that are understood and have no answer. */
const understood: Record<string, [number, string]> = {
  chunks: [201, post([chunked], chunks.replace('"raw"', '"kip"'))],
  'an Expect header': [201, post([length, 'Expect: 100-continue'], body.replace('raw', 'exp'))],
  'HTTP/1.0': [200, get('/v1/volumes').replace('HTTP/1.1', 'HTTP/1.0')],
  'an upgrade that is not ours': [200, get('/v1/volumes', 'Connection: Upgrade', 'Upgrade: h2c')],
  'a WebSocket where there is none': [
    200,
    get(
      '/v1/volumes',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    ),
  ],
  'a method that no route has': [404, get('/v1/volumes').replace('GET', 'PROPFIND')],
  'a method in a header': [200, get('/v1/volumes', 'X-HTTP-Method-Override: DELETE')],
};

describe('bytes over a socket', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ provider: 'memory' });
    await app.a.admin.expect(201, 'POST', '/v1/volumes', { name: 'kept' });
  });
  afterAll(() => app?.close());

  const send = (request: string) =>
    sendRaw(app.url, request.replaceAll(/^A(\r?)$/gm, `Authorization: Bearer ${app.a.admin.key}$1`));
  const names = async () => {
    const { items } = await app.a.admin.expect<{ items: { name: string }[] }>(200, 'GET', '/v1/volumes');
    return items.map(({ name }) => name).sort();
  };

  it.each(Object.entries(refused))(
    'with %s are refused with a reason, and are one request at most',
    async (_, request) => {
      const before = await names();
      const answers = await send(request);
      expect(answers.map(({ status }) => status)).toEqual([400]);
      const [{ headers = {}, body: text = '' } = {}] = answers;
      expect(headers).toMatchObject({ 'content-type': 'application/problem+json', connection: 'close' });
      expect(JSON.parse(text)).toMatchObject({
        status: 400,
        code: 'invalid',
        detail: /./,
        instance: headers['x-request-id'],
      });
      expect(await names()).toEqual(before);
    },
  );

  it.each(Object.entries(tooLong))('with %s are refused as too long', async (_, request) => {
    const answers = await send(request);
    expect(answers.map(({ status }) => status)).toEqual([431]);
    expect(JSON.parse(answers[0]?.body ?? '')).toMatchObject({ status: 431, code: 'invalid' });
  });

  it.each(Object.entries(understood))('with %s are understood', async (_, [status, request]) => {
    const answers = (await send(request)).filter((answer) => answer.status >= 200);
    expect(answers.map((answer) => answer.status)).toEqual([status]);
    expect(JSON.parse(answers[0]?.body ?? '')).toBeTypeOf('object');
  });

  it('of two requests at once are two answers, in their order', async () => {
    const answers = await send(get('/v1/volumes/kept') + get('/v1/volumes/missing'));
    expect(answers.map(({ status }) => status)).toEqual([200, 404]);
  });

  it('that break off into nonsense do not answer for the request before them', async () => {
    const answers = await send(`${get('/v1/volumes/kept')}nonsense\r\n\r\n`);
    expect(answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([]);
  });

  it('behind an upgrade that is not ours are no request of their own', async () => {
    const before = await names();
    const deleting = smuggled.replace('Host: x', 'Host: x\r\nA');
    const answers = await send(get('/v1/volumes', 'Connection: Upgrade', 'Upgrade: tcp') + deleting);
    expect([before.includes('kept'), answers[0]?.status]).toEqual([true, 200]);
  });
});
