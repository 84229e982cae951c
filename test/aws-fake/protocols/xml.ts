/** XML answers of the query, ec2 and S3 protocols, written by shape; and S3's few XML bodies, read by it. */
import { type Member, type ServiceModel, type Shape, shapeOf } from '../model/service-model.ts';

export function element(name: string, content: string, attributes = ''): string {
  return `<${name}${attributes}>${content}</${name}>`;
}

export function escapeXml(text: string): string {
  return text.replace(/[&<>"]/g, (char) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[char] ?? '&quot;');
}

/** The members of a structure as elements. Throws on what the shape does not have: then the fake itself is wrong. */
export function structureXml(model: ServiceModel, shapeName: string, value: unknown): string {
  const shape = shapeOf(model, shapeName);
  const parts = Object.entries((value ?? {}) as object).map(([name, inner]) => {
    const member = shape.members?.[name];
    if (!member) throw new Error(`the fake answers with ${shapeName}.${name}, which AWS does not have`);
    if (inner === undefined || inner === null || (member.location && member.location !== 'statusCode')) return '';
    return memberXml(model, member, member.locationName ?? name, inner);
  });
  return parts.join('');
}

function memberXml(model: ServiceModel, member: Member, name: string, value: unknown): string {
  const shape = shapeOf(model, member.shape);
  if (shape.type === 'structure') return element(name, structureXml(model, member.shape, value));
  if (shape.type === 'list')
    return listXml(model, shape, member.flattened || shape.flattened, name, value as unknown[]);
  if (shape.type === 'map') throw new Error(`the fake has no XML for the map ${name}`);
  return element(name, escapeXml(scalarText(shape, value)));
}

function listXml(model: ServiceModel, shape: Shape, flattened = false, name: string, values: unknown[]): string {
  const inner = shape.member ?? { shape: 'String' };
  const innerName = inner.locationName ?? 'member';
  const write = (as: string) => values.map((value) => memberXml(model, inner, as, value)).join('');
  return flattened ? write(inner.locationName ?? name) : element(name, write(innerName));
}

function scalarText(shape: Shape, value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  return shape.type === 'blob' ? Buffer.from(value as Uint8Array).toString('base64') : String(value);
}
/** The texts of all elements of that name, wherever they are. */
export function elementTexts(xml: string, name: string): string[] {
  const found = [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, 'g'))];
  return found.map((match) => match[1] ?? '');
}

export function unescapeXml(text: string): string {
  const named: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (hex) return String.fromCodePoint(Number.parseInt(hex, 16));
    return decimal ? String.fromCodePoint(Number(decimal)) : (named[name] ?? whole);
  });
}
