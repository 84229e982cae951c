/** Reads a decoded request by its published shape: says everything that is wrong with it, and gives its values their types. */
import { type ServiceModel, type Shape, shapeOf } from './service-model.ts';

export interface Problem {
  kind: 'unknown' | 'type' | 'required' | 'enum' | 'range' | 'pattern';
  /** Such as `overrides.containerOverrides.0.name`. */
  path: string;
  text: string;
}

export interface Reading {
  value: unknown;
  problems: Problem[];
}

/** @param value what came over the wire: JSON values, or strings and objects of them where the protocol has only text */
export function readInput(model: ServiceModel, shapeName: string, value: unknown, textual = false): Reading {
  const reader = new Reader(model, textual);
  return { value: reader.read(shapeName, value, ''), problems: reader.problems };
}

class Reader {
  readonly problems: Problem[] = [];
  private readonly model: ServiceModel;
  private readonly textual: boolean;

  constructor(model: ServiceModel, textual: boolean) {
    this.model = model;
    this.textual = textual;
  }

  read(shapeName: string, value: unknown, path: string): unknown {
    const shape = shapeOf(this.model, shapeName);
    if (shape.type === 'structure') return this.structure(shapeName, shape, value, path);
    if (shape.type === 'list') return this.list(shape, value, path);
    if (shape.type === 'map') return this.map(shape, value, path);
    return this.scalar(shape, value, path);
  }

  private structure(shapeName: string, shape: Shape, value: unknown, path: string): unknown {
    if (!isRecord(value)) return this.wrong(path, `must be a structure (${shapeName})`);
    const members = shape.members ?? {};
    const result: Record<string, unknown> = {};
    for (const [name, inner] of Object.entries(value)) {
      if (inner === null || inner === undefined) continue;
      const member = members[name];
      if (member) result[name] = this.read(member.shape, inner, join(path, name));
      else this.add('unknown', join(path, name), `is no member of ${shapeName}`);
    }
    for (const name of shape.required ?? []) {
      if (result[name] === undefined && !this.problems.some((problem) => problem.path === join(path, name))) {
        this.add('required', join(path, name), 'failed to satisfy constraint: Member must not be null');
      }
    }
    if (shape.union && Object.keys(result).length !== 1) this.wrong(path, 'must have exactly one member');
    return result;
  }

  private list(shape: Shape, value: unknown, path: string): unknown {
    if (!Array.isArray(value)) return this.wrong(path, 'must be a list');
    this.size(shape, value.length, path, 'length');
    return value.map((inner, index) => this.read(shape.member?.shape ?? 'String', inner, join(path, String(index))));
  }

  private map(shape: Shape, value: unknown, path: string): unknown {
    if (!isRecord(value)) return this.wrong(path, 'must be a map');
    this.size(shape, Object.keys(value).length, path, 'length');
    const entries = Object.entries(value).map(([key, inner]) => {
      this.read(shape.key?.shape ?? 'String', key, join(path, key));
      return [key, this.read(shape.value?.shape ?? 'String', inner, join(path, key))];
    });
    return Object.fromEntries(entries);
  }

  private scalar(shape: Shape, value: unknown, path: string): unknown {
    switch (shape.type) {
      case 'string':
        return this.text(shape, value, path);
      case 'boolean': {
        if (this.textual && (value === 'true' || value === 'false')) return value === 'true';
        return typeof value === 'boolean' ? value : this.wrong(path, 'must be a boolean');
      }
      case 'timestamp':
        return this.timestamp(value, path);
      case 'blob': {
        if (value instanceof Uint8Array) return value;
        return typeof value === 'string' ? Buffer.from(value, 'base64') : this.wrong(path, 'must be base64');
      }
      default:
        return this.number(shape, value, path);
    }
  }

  private text(shape: Shape, value: unknown, path: string): unknown {
    if (typeof value !== 'string') return this.wrong(path, 'must be a string');
    if (shape.enum && !shape.enum.includes(value)) {
      const set = `[${shape.enum.join(', ')}]`;
      this.add('enum', path, `failed to satisfy constraint: Member must satisfy enum value set: ${set}`);
    }
    this.size(shape, value.length, path, 'length');
    const pattern = shape.pattern === undefined ? undefined : compile(shape.pattern);
    if (pattern && !pattern.test(value)) {
      const text = `failed to satisfy constraint: Member must satisfy regular expression pattern: ${shape.pattern}`;
      this.add('pattern', path, text);
    }
    return value;
  }

  private number(shape: Shape, value: unknown, path: string): unknown {
    const number = this.textual && typeof value === 'string' && value !== '' ? Number(value) : value;
    if (typeof number !== 'number' || !Number.isFinite(number)) return this.wrong(path, 'must be a number');
    if ((shape.type === 'integer' || shape.type === 'long') && !Number.isInteger(number)) {
      return this.wrong(path, 'must be an integer');
    }
    this.size(shape, number, path, 'value');
    return number;
  }

  private timestamp(value: unknown, path: string): unknown {
    const date = typeof value === 'number' ? new Date(value * 1000) : new Date(String(value));
    return Number.isNaN(date.getTime()) ? this.wrong(path, 'must be a timestamp') : date;
  }

  private size(shape: Shape, size: number, path: string, what: 'length' | 'value'): void {
    const prefix = `failed to satisfy constraint: Member must have ${what}`;
    if (shape.min !== undefined && size < shape.min) {
      this.add('range', path, `${prefix} greater than or equal to ${shape.min}`);
    }
    if (shape.max !== undefined && size > shape.max) {
      this.add('range', path, `${prefix} less than or equal to ${shape.max}`);
    }
  }

  private wrong(path: string, text: string): undefined {
    this.add('type', path, text);
    return undefined;
  }

  private add(kind: Problem['kind'], path: string, text: string): void {
    this.problems.push({ kind, path, text });
  }
}

const patterns = new Map<string, RegExp>();

/** Models write Java's regular expressions, which match the whole value. The few that JavaScript cannot read are not checked. */
function compile(pattern: string): RegExp | undefined {
  const known = patterns.get(pattern);
  if (known) return known;
  for (const flags of ['u', '']) {
    try {
      const compiled = new RegExp(`^(?:${pattern})$`, flags);
      patterns.set(pattern, compiled);
      return compiled;
    } catch {}
  }
  return undefined;
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);
}
