import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTestApp, type TestApp } from '../support/app.ts';

const limit = 1024 * 1024;

describe('a body', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await startTestApp({ provider: 'memory' });
  });
  afterAll(() => app?.close());

  /** Exactly so many bytes of a body that is valid but for its image, which is not there. */
  const bodyOf = (bytes: number) => JSON.stringify({ image: 'missing', command: ['x'] }).padEnd(bytes, ' ');
  const send = (body: string | ReadableStream, key = app.a.admin.key) =>
    fetch(`${app.url}/v1/containers`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body,
      duplex: 'half',
    } as RequestInit);
  const chunked = (body: string) => new Blob([body]).stream();

  it.each([
    ['with its length', (body: string) => body],
    ['in chunks', chunked],
  ])('of a mebibyte is taken, and one of a byte more refused: %s', async (_, sent) => {
    const largest = await send(sent(bodyOf(limit)));
    expect([largest.status, await largest.json()]).toMatchObject([404, { detail: 'No such image: missing' }]);
    const larger = await send(sent(bodyOf(limit + 1)));
    expect([larger.status, await larger.json()]).toMatchObject([413, { code: 'too_large' }]);
  });

  it('that nobody reads does not cost the next request its connection', async () => {
    const until = performance.now() + 1500;
    const statuses = new Set<number>();
    while (performance.now() < until) {
      const answers = [
        await send(bodyOf(3 * limit)),
        await send(bodyOf(limit), 'no key'),
        await send(chunked(bodyOf(3 * limit))),
      ];
      for (const answer of answers) statuses.add(answer.status);
      await Promise.all(answers.map((answer) => answer.text()));
    }
    expect([...statuses].sort()).toEqual([401, 413]);
  });
});
