/** Events of the gateway as nobody should send them: each is refused in words, and none gets further than its own reading. */
import { expect, test } from 'vitest';
import { asAppError } from '../../src/api/errors.ts';
import { readEvent, toFetch } from '../../src/lambda/gateway-request.ts';
import { gatewayEvent } from './gateway-event.ts';

const plain = gatewayEvent({ method: 'GET', target: '/v1/containers' });
const withHeaders = (more: Record<string, string[]>) => ({
  ...plain,
  multiValueHeaders: { Host: ['api.example.test'], ...more },
});

/** The target and the URL that the doors see, or the code with which it is refused. */
function read(event: unknown): { target: string | undefined; url: string; keys: string[] } | string {
  try {
    const given = readEvent(event);
    const { url } = toFetch(given, new AbortController().signal);
    return { target: given.incoming.url, url, keys: given.incoming.headersDistinct.authorization ?? [] };
  } catch (error) {
    return asAppError(error).code;
  }
}

test.each<[string, unknown]>([
  ['dots in the path', { ...plain, path: '/v1/../containers/json' }],
  ['encoded dots', { ...plain, path: '/v1/%2E%2e/containers/json' }],
  ['an empty segment', { ...plain, path: '//evil.example/v1' }],
  ['a path that is an address', { ...plain, path: 'https://evil.example/' }],
  ['two credentials', withHeaders({ Authorization: ['Bearer a', 'Bearer b'] })],
  ['two credentials by case', withHeaders({ Authorization: ['Bearer a'], authorization: ['Bearer b'] })],
  ['two hosts', withHeaders({ host: ['evil.example'] })],
  ['a host with a path', { ...plain, multiValueHeaders: { Host: ['evil.example/v1/tenants?'] } }],
  ['no host', { ...plain, multiValueHeaders: {} }],
  ['a second line in a header', withHeaders({ 'X-A': ['b\r\nAuthorization: Bearer c'] })],
  ['a header beyond latin-1', withHeaders({ 'X-A': ['\u20ac'] })],
  ['a name that is none', withHeaders({ 'X A': ['b'] })],
  ['a body that is no base64', { ...plain, httpMethod: 'POST', body: '{"a":1}', isBase64Encoded: true }],
  ['compressed', withHeaders({ 'Content-Encoding': ['gzip'] })],
])('%s: refused', (_, event) => {
  expect(read(event)).toBe('invalid');
});

test.each<[string, string]>([
  ['a slash in a name', '/v1/containers/a%2Fb/json'],
  ['a fragment and a query in the path', '/v1/containers/a%3Fticket=x%23y'],
])('%s stays what it is, for both who read it', (_, path) => {
  const found = read({ ...plain, path });
  expect(found).toMatchObject({ target: path, url: `https://api.example.test${path}` });
});

test('characters that the gateway has decoded are no syntax', () => {
  expect(read({ ...plain, path: '/v1/a?ticket=x#y\\z b' })).toMatchObject({ target: '/v1/a%3Fticket=x%23y%5Cz%20b' });
  const parameters = { 'a&b': ['c=d&e#f', '\u20ac'] };
  expect(read({ ...plain, multiValueQueryStringParameters: parameters })).toMatchObject({
    target: '/v1/containers?a%26b=c%3Dd%26e%23f&a%26b=%E2%82%AC',
  });
});

test('what is about the connection of the gateway does not come through', () => {
  const { incoming } = readEvent(
    withHeaders({
      Connection: ['Upgrade'],
      Upgrade: ['tcp'],
      'Content-Length': ['9'],
      'Transfer-Encoding': ['chunked'],
    }),
  );
  expect(incoming.rawHeaders).toEqual(['Host', 'api.example.test']);
});
