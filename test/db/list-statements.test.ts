/** What lists send: the server keeps each text of a statement, so that no tenant may make up new ones without end. */
import { describe, expect, test } from 'vitest';
import type { Db, Statement } from '../../src/db/client.ts';
import { listContainers } from '../../src/db/containers.ts';
import { listImages } from '../../src/db/images.ts';
import { listNetworks } from '../../src/db/networks.ts';
import type { Page } from '../../src/db/paging.ts';
import { listVolumes } from '../../src/db/volumes.ts';
import { containerStatuses } from '../../src/domain/container.ts';

type Labels = Record<string, string | null>;
const lists: Record<string, (db: Db, filter: { labels: Labels }, page: Page) => Promise<unknown>> = {
  containers: (db, filter, page) => listContainers(db, 'a', filter, page),
  images: (db, filter, page) => listImages(db, 'a', filter, page),
  networks: (db, filter, page) => listNetworks(db, 'a', filter, page),
  volumes: (db, filter, page) => listVolumes(db, 'a', filter, page),
};
const page = { limit: 10, after: null };

async function textOf(list: (db: Db) => Promise<unknown>): Promise<string> {
  const sent: string[] = [];
  const query = async (_role: string, { text }: Statement) => {
    sent.push(text);
    return [];
  };
  await list({ query } as unknown as Db);
  return sent.join();
}

describe.for(Object.entries(lists))('the list of %s', ([, list]) => {
  test('is the same statement for any number of labels', async () => {
    const few = await textOf((db) => list(db, { labels: { a: '1', b: null } }, page));
    const many = await textOf((db) => list(db, { labels: { a: '1', b: null, c: '2', d: null, e: '3' } }, page));
    expect(many).toBe(few);
  });
});

test('the list of containers is the same statement for any set of statuses', async () => {
  const texts = [['running'], ['running', 'exited'], ['removed'], containerStatuses].map((status) =>
    textOf((db) => listContainers(db, 'a', { status: status as (typeof containerStatuses)[number][] }, page)),
  );
  expect(new Set(await Promise.all(texts)).size).toBe(1);
});
