/**
 * The API reference for people: one page of HTML rendered from the OpenAPI document, without scripts and without a request
 * to anywhere, so that it reads the same behind an air gap.
 */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { OpenApiDocument } from './openapi.ts';
import {
  componentOf,
  fieldOf,
  fieldsOf,
  type Html,
  prose,
  type SchemaOrReference,
  typeOf,
} from './reference-schema.ts';
import { referenceStyle } from './reference-style.ts';

type PathItem = NonNullable<OpenApiDocument['paths']>[string];
type Operation = NonNullable<PathItem['get']>;
interface Route {
  method: string;
  path: string;
  operation: Operation;
}

/** Nothing but the page itself and its one style sheet. */
export const referencePolicy = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(referenceStyle).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

export function renderReference(document: OpenApiDocument): Html {
  const routes = routesOf(document);
  const chapters = (document.tags ?? []).map(({ name, description }) => ({
    name,
    description,
    routes: routes.filter(({ operation }) => operation.tags?.[0] === name),
  }));
  const schemas = Object.entries(document.components?.schemas ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${document.info.title} API</title>
<style>${raw(referenceStyle)}</style>
</head>
<body>
<nav aria-label="Contents">
<p><a href="#top"><b>${document.info.title} API</b></a> <a href="/openapi.json">openapi.json</a></p>
${chapters.map((chapter) => html`<strong>${chapter.name}</strong><ul>${chapter.routes.map(contentsLine)}</ul>`)}
<strong>Schemas</strong>
<ul>${schemas.map(([name]) => html`<li><a href="#schema-${name}">${name}</a></li>`)}</ul>
</nav>
<main id="top">
<h1>${document.info.title} API</h1>
${paragraphs(document.info.description ?? '')}
${chapters.map((chapter) => html`<h2>${chapter.name}</h2><p>${chapter.description}</p>${chapter.routes.map((route) => renderRoute(document, route))}`)}
<h2 class="plain">Schemas</h2>
${schemas.map(([name, schema]) => renderSchema(name, schema))}
</main>
</body>
</html>`;
}

const verbs = ['get', 'post', 'put', 'patch', 'delete'] as const;

function routesOf(document: OpenApiDocument): Route[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    verbs.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ method, path, operation }] : [];
    }),
  );
}

const contentsLine = ({ method, path, operation }: Route): Html =>
  html`<li><a href="#${operation.operationId}" title="${operation.summary}">${badge(method)} ${path.replace('/v1', '')}</a></li>`;

const badge = (method: string): Html => html`<span class="method ${method}">${method.toUpperCase()}</span>`;

function renderRoute(document: OpenApiDocument, route: Route): Html {
  const { method, path, operation } = route;
  const key = (operation.security ?? document.security ?? []).flatMap(Object.keys);
  const parameters = (operation.parameters ?? []).flatMap((parameter) => ('$ref' in parameter ? [] : [parameter]));
  const body = operation.requestBody && 'content' in operation.requestBody ? contentOf(operation.requestBody) : null;
  return html`<section id="${operation.operationId}">
<h3>${badge(method)} <code>${path}</code></h3>
<p>${operation.summary}. <span class="note">Takes ${key.includes('operatorKey') ? 'the operator key' : 'a key of a tenant'}.</span></p>
${operation.description ? paragraphs(operation.description) : ''}
<pre>${curlOf(document, route)}</pre>
${
  parameters.length === 0
    ? ''
    : html`<h4>Parameters</h4><dl>${parameters.map(({ name, in: place, required, schema, description }) =>
        fieldOf(
          `${place === 'query' ? '?' : ''}${name}`,
          { description, ...schema } as SchemaOrReference,
          required === true,
        ),
      )}</dl>`
}
${body ? html`<h4>Body: <span class="type">${typeOf(body)}</span></h4>${fieldsOf(body)}` : ''}
<h4>Answers</h4>
<dl>${Object.entries(operation.responses ?? {}).map(([status, answer]) => {
    const schema = contentOf(answer);
    return html`<dt><b>${status}</b> ${prose(answer.description)} ${schema ? html`<span class="type">${typeOf(schema)}</span>` : ''}</dt>`;
  })}</dl>
</section>`;
}

function renderSchema(name: string, schema: SchemaOrReference): Html {
  const description = '$ref' in schema ? '' : schema.description;
  return html`<section id="schema-${name}"><h3>${name}</h3><p>${prose(description ?? '')} <span class="type">${typeOf(schema)}</span></p>${fieldsOf(schema)}</section>`;
}

function contentOf({
  content,
}: {
  content?: Record<string, { schema?: SchemaOrReference }>;
}): SchemaOrReference | null {
  return Object.values(content ?? {})[0]?.schema ?? null;
}

/** A call to copy, with the body that the schema gives as its example. */
function curlOf(document: OpenApiDocument, { method, path, operation }: Route): string {
  const verb = method === 'get' || method === 'post' ? '' : ` -X ${method.toUpperCase()}`;
  const schema = operation.requestBody && 'content' in operation.requestBody ? contentOf(operation.requestBody) : null;
  const component = schema && componentOf(schema);
  const target = component ? document.components?.schemas?.[component] : schema;
  const example = target && !('$ref' in target) ? (target.examples?.[0] ?? {}) : null;
  const sent =
    example === null
      ? method === 'post'
        ? ' -X POST'
        : ''
      : ` -H 'Content-Type: application/json' -d '${JSON.stringify(example)}'`;
  return `curl${verb} -H "Authorization: Bearer $KEY" $URL${path}${sent}`;
}

const paragraphs = (text: string): Html => html`${text.split('\n\n').map((part) => html`<p>${prose(part)}</p>`)}`;
