/**
 * Adds to a botocore model what is newer in the SDK: members, operations and enum values. The SDK's client packages carry
 * their schemas as tuples (`X$`), enums as plain objects, and say in their type declarations which member has which enum.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Member, ServiceModel, Shape } from './service-model.ts';

const load = createRequire(import.meta.url);

type Tuple = readonly unknown[];
const kinds = { list: 1, map: 2, structure: 3, union: 4, operation: 9 } as const;

/** Bits of a scalar in a schema; a list or map of scalars is the scalar with one more bit. */
const scalars: Record<number, Shape['type']> = { 0: 'string', 1: 'double', 2: 'boolean', 21: 'blob', 42: 'blob' };
const listBit = 64;
const mapBit = 128;

/** @param packageName such as `@aws-sdk/client-ecs` */
export function addSdkSchemas(model: ServiceModel, packageName: string): void {
  const exported: Record<string, unknown> = load(packageName);
  const merge = new SchemaMerge(model, exported, readMemberEnums(packageName));
  for (const [name, value] of Object.entries(exported)) {
    if (name.endsWith('$') && isTuple(value) && value[0] === kinds.operation) merge.operation(value);
  }
  for (const [name, shape] of Object.entries(model.shapes)) {
    if (shape.enum) shape.enum = [...new Set([...shape.enum, ...enumValues(exported[name])])];
  }
}

class SchemaMerge {
  private readonly model: ServiceModel;
  private readonly exported: Record<string, unknown>;
  private readonly memberEnums: Map<string, string>;
  private readonly seen = new Set<string>();

  constructor(model: ServiceModel, exported: Record<string, unknown>, memberEnums: Map<string, string>) {
    this.model = model;
    this.exported = exported;
    this.memberEnums = memberEnums;
  }

  operation(tuple: Tuple): void {
    const name = String(tuple[2]);
    const [input, output] = [deref(tuple[4]), deref(tuple[5])];
    const http = (deref(tuple[3]) as { http?: [string, string, number] } | 0) || {};
    const [method, requestUri] = http.http ?? ['POST', '/'];
    this.model.operations[name] ??= {
      name,
      http: { method, requestUri },
      ...(isTuple(input) && { input: { shape: this.named(input) } }),
      ...(isTuple(output) && { output: { shape: this.named(output) } }),
    };
    const known = this.model.operations[name];
    if (isTuple(input) && known.input) this.shape(known.input.shape, input);
    if (isTuple(output) && known.output) this.shape(known.output.shape, output);
  }

  /** The shape's name for a schema, made from it if the model has none of that name. */
  private named(schema: unknown, owner = ''): string {
    const target = deref(schema);
    if (!isTuple(target)) return this.scalar(Number(target), owner);
    if (target.length === 2) return this.named(target[0], owner);
    const name = String(target[2]);
    this.model.shapes[name] ??= this.fresh(target);
    this.shape(name, target);
    return name;
  }

  private fresh(tuple: Tuple): Shape {
    if (tuple[0] === kinds.list) return { type: 'list' };
    if (tuple[0] === kinds.map) return { type: 'map' };
    if (tuple[0] === 0) return { type: scalars[Number(tuple[4])] ?? 'timestamp' };
    const required = (tuple[4] as string[]).slice(0, Number(tuple[6] ?? 0));
    return { type: 'structure', members: {}, required, union: tuple[0] === kinds.union };
  }

  /** Walks a shape beside its schema and adds the members it lacks. */
  private shape(name: string, tuple: Tuple): void {
    const shape = this.model.shapes[name];
    if (!shape || this.seen.has(name) || !isTuple(tuple)) return;
    this.seen.add(name);
    if (shape.type === 'structure' && Array.isArray(tuple[4])) {
      shape.members ??= {};
      for (const [index, memberName] of (tuple[4] as string[]).entries()) {
        this.member(shape.members, memberName, (tuple[5] as Tuple)[index], `${name}.${memberName}`);
      }
    } else if (shape.type === 'list') {
      shape.member = this.inner(shape.member, tuple[4], name);
    } else if (shape.type === 'map') {
      shape.key ??= { shape: this.named(tuple[4], name) };
      shape.value = this.inner(shape.value, tuple[5], name);
    }
  }

  private member(members: Record<string, Member>, name: string, schema: unknown, owner: string): void {
    const known = members[name];
    if (known) {
      this.inner(known, schema, owner);
      return;
    }
    const traits = isTuple(schema) && schema.length === 2 ? schema[1] : 0;
    const { xmlName, ec2QueryName } = (typeof traits === 'object' ? traits : {}) as Record<string, string>;
    members[name] = {
      shape: this.named(schema, owner),
      ...(xmlName && { locationName: xmlName }),
      ...(ec2QueryName && { queryName: ec2QueryName }),
    };
  }

  private inner(known: Member | undefined, schema: unknown, owner: string): Member {
    if (!known) return { shape: this.named(schema, owner) };
    const target = deref(isTuple(schema) && schema.length === 2 ? schema[0] : schema);
    if (isTuple(target)) this.shape(known.shape, target);
    return known;
  }

  private scalar(bits: number, owner: string): string {
    if (bits & mapBit) return this.collection({ type: 'map', key: { shape: this.scalar(0, '') } }, bits & ~mapBit);
    if (bits & listBit) return this.collection({ type: 'list' }, bits & ~listBit);
    const enumName = bits === 0 ? this.memberEnums.get(owner) : undefined;
    const values = enumName ? enumValues(this.exported[enumName]) : [];
    const name = values.length > 0 ? String(enumName) : `scalar${bits}`;
    this.model.shapes[name] ??= { type: scalars[bits] ?? 'timestamp', ...(values.length > 0 && { enum: values }) };
    return name;
  }

  private collection(shape: Shape, bits: number): string {
    const inner = { shape: this.scalar(bits, '') };
    const name = `${shape.type}Of${inner.shape}`;
    this.model.shapes[name] ??= shape.type === 'list' ? { ...shape, member: inner } : { ...shape, value: inner };
    return name;
  }
}

/** `Interface.member` -> the type its declaration names, for all interfaces of the package. */
function readMemberEnums(packageName: string): Map<string, string> {
  const folder = join(dirname(load.resolve(`${packageName}/package.json`)), 'dist-types/models');
  const found = new Map<string, string>();
  for (const file of readdirSync(folder).filter((name) => name.startsWith('models_'))) {
    let owner = '';
    for (const line of readFileSync(join(folder, file), 'utf8').split('\n')) {
      owner = /^export interface (\w+)/.exec(line)?.[1] ?? owner;
      const member = /^ {4}(\w+)\??: (\w+) \| undefined;/.exec(line);
      if (member) found.set(`${owner}.${member[1]}`, String(member[2]));
    }
  }
  return found;
}

function enumValues(value: unknown): string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.values(value).filter((entry) => typeof entry === 'string');
}

function deref(schema: unknown): unknown {
  return typeof schema === 'function' ? deref(schema()) : schema;
}

function isTuple(value: unknown): value is Tuple {
  return Array.isArray(value);
}
