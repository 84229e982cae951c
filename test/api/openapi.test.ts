import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { referencePolicy, renderReference } from '../../src/api/reference.ts';
import { documented, registered, routesOf } from '../support/document.ts';

const document = documented();
const routes = routesOf(document);
const schemas = document.components?.schemas ?? {};

/** Every object anywhere in the document. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const member of Object.values(value)) yield* objectsIn(member);
}

const resolve = (reference: string): unknown =>
  reference
    .slice(2)
    .split('/')
    .reduce<unknown>((at, name) => (at as Record<string, unknown> | undefined)?.[name], document);

describe('the OpenAPI document', () => {
  it('describes every route that is served under /v1, and no other', () => {
    const served = registered()
      .routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/v1/') && path !== '/v1/*')
      .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(\{[^}]*\})?/g, '{$1}')}`);
    expect([...new Set(served)].sort()).toEqual(routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it('has no reference that leads nowhere', () => {
    const references = [...objectsIn(document)].flatMap(({ $ref }) => (typeof $ref === 'string' ? [$ref] : []));
    expect(references.length).toBeGreaterThan(0);
    expect(references.filter((reference) => resolve(reference) === undefined)).toEqual([]);
  });

  it('names every operation once, and says in one line what it does', () => {
    const ids = routes.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
    expect(routes.filter(({ id, operation }) => id === '' || !/^[A-Z].+[^.]$/.test(operation.summary ?? ''))).toEqual(
      [],
    );
  });

  it('puts every operation under one chapter of the reference, and has no empty chapter', () => {
    const used = routes.map(({ operation }) => operation.tags);
    expect(used.filter((tags) => tags?.length !== 1)).toEqual([]);
    expect([...new Set(used.flat())].sort()).toEqual(document.tags?.map(({ name }) => name).sort());
  });

  it('declares exactly the parameters that a path has', () => {
    for (const { id, path, operation } of routes) {
      const declared = (operation.parameters ?? []).flatMap((parameter) =>
        'name' in parameter && parameter.in === 'path' ? [parameter.name] : [],
      );
      expect([id, ...declared.sort()]).toEqual([
        id,
        ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name).sort(),
      ]);
    }
  });

  it('gives every answer that has a body its schema', () => {
    for (const { id, operation } of routes) {
      for (const [status, answer] of Object.entries(operation.responses ?? {})) {
        const contents = Object.values((answer as { content?: Record<string, { schema?: object }> }).content ?? {});
        const isEmpty = ['101', '202', '204'].includes(status) && contents.length === 0;
        expect([id, status, isEmpty || (contents.length > 0 && contents.every(({ schema }) => schema))]).toEqual([
          id,
          status,
          true,
        ]);
      }
    }
  });

  it('says of every POST that it takes an Idempotency-Key, and what a misused one is answered', () => {
    for (const { id, method, operation } of routes) {
      const takesKey = operation.parameters?.some(
        (parameter) => 'name' in parameter && parameter.name === 'idempotency-key',
      );
      expect([id, takesKey ?? false]).toEqual([id, method === 'POST']);
      if (method === 'POST')
        expect([id, ...Object.keys(operation.responses ?? {})]).toEqual(expect.arrayContaining([id, '409', '422']));
    }
  });

  it('has examples that its schemas accept', () => {
    const $defs = JSON.parse(JSON.stringify(schemas).replaceAll('#/components/schemas/', '#/$defs/'));
    const withExamples = Object.entries($defs as Record<string, { examples?: unknown[] }>).filter(
      ([, { examples }]) => examples,
    );
    expect(withExamples.length).toBeGreaterThan(0);
    for (const [name, { examples = [] }] of withExamples) {
      const schema = z.fromJSONSchema({ $ref: `#/$defs/${name}`, $defs });
      for (const example of examples) expect([name, schema.safeParse(example).error]).toEqual([name, undefined]);
    }
  });
});

describe('the reference page', () => {
  it('shows every operation and every schema', async () => {
    const page = String(await renderReference(document));
    const anchors = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id);
    expect(anchors).toEqual(
      expect.arrayContaining([...routes.map(({ id }) => id), ...Object.keys(schemas).map((name) => `schema-${name}`)]),
    );
    const links = [...page.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
    expect(links.filter((id) => !anchors.includes(id))).toEqual([]);
  });

  it('runs no script and asks nobody for anything', async () => {
    const page = String(await renderReference(document));
    expect(page).not.toMatch(/<(script|link|img|iframe)|@import|url\(/);
    expect(referencePolicy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+';/);
  });
});
