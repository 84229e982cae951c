/** JSON schemas as HTML: the type in words, the fields of objects as nested lists, descriptions with their code and bold. */
import { html } from 'hono/html';
import type { OpenApiDocument } from './openapi.ts';

export type Html = ReturnType<typeof html>;
export type SchemaOrReference = NonNullable<NonNullable<OpenApiDocument['components']>['schemas']>[string];
type Schema = Exclude<SchemaOrReference, { $ref: string }>;

/** The component that a reference points at; null for a schema that is written out. */
export function componentOf({ $ref }: SchemaOrReference): string | null {
  return $ref === undefined ? null : $ref.slice($ref.lastIndexOf('/') + 1);
}

/** In a line: `string`, `array of Container`, `"tcp" | "udp"` … with its bounds. */
export function typeOf(schema: SchemaOrReference): Html {
  const component = componentOf(schema);
  if (component !== null || '$ref' in schema) return html`<a href="#schema-${component}">${component}</a>`;
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return html`${choices.map((choice, position) => html`${position > 0 ? ' or ' : ''}${typeOf(choice)}`)}`;
  if (schema.allOf) return html`${schema.allOf.map(typeOf)}`;
  if (schema.enum) return html`${schema.enum.map((value) => JSON.stringify(value)).join(' | ')}`;
  if (schema.items) return html`array of ${typeOf(schema.items)}`;
  if (typeof schema.additionalProperties === 'object') return html`map of ${typeOf(schema.additionalProperties)}`;
  return html`${[schema.type ?? 'anything'].flat().join(' or ')}${bounds(schema)}`;
}

function bounds(schema: Schema): string {
  const parts = [
    schema.format,
    schema.minimum !== undefined || schema.maximum !== undefined
      ? `${schema.minimum ?? ''}…${schema.maximum ?? ''}`
      : null,
    schema.maxLength !== undefined ? `at most ${schema.maxLength} characters` : null,
    schema.pattern,
  ].filter(Boolean);
  return parts.length > 0 ? ` (${parts.join(', ')})` : '';
}

/** The fields of an object, of the objects in an array, or of each of several alternatives; nothing for anything else. */
export function fieldsOf(schema: SchemaOrReference): Html {
  if ('$ref' in schema) return html``;
  const nested = [schema.items ?? [], schema.anyOf ?? [], schema.oneOf ?? [], schema.allOf ?? []].flat();
  if (!schema.properties) return html`${nested.map(fieldsOf)}`;
  const fields = Object.entries(schema.properties);
  return html`<dl>${fields.map(([name, field]) => fieldOf(name, field, schema.required?.includes(name) ?? false))}</dl>`;
}

/** One field or parameter: name, type, whether it must be there, what it means, what it is made of. */
export function fieldOf(name: string, field: SchemaOrReference, required: boolean): Html {
  const { description, default: standard } =
    '$ref' in field ? { description: field.description, default: undefined } : field;
  return html`<dt><code>${name}</code> <span class="type">${typeOf(field)}</span>${required ? html` <span class="required">required</span>` : ''}</dt>
<dd>${prose(description ?? '')}${standard === undefined ? '' : html` <span class="note">Default: <code>${JSON.stringify(standard)}</code></span>`}${fieldsOf(field)}</dd>`;
}

/** The little Markdown that descriptions use: **bold** and \`code\`. */
export function prose(text: string): Html {
  const pieces = text.split(/(\*\*[^*]+\*\*|`[^`]+`)/).map((piece) => {
    if (piece.startsWith('**')) return html`<b>${piece.slice(2, -2)}</b>`;
    return piece.startsWith('`') ? html`<code>${piece.slice(1, -1)}</code>` : piece;
  });
  return html`${pieces}`;
}
