/** Walks a create body along the tables of verdicts: refuses what is refused or unknown, and collects the warnings. Pure. */
import { AppError, type ErrorCode } from '../../domain/errors.ts';
import { containerFields } from './container-fields.ts';
import type { Field, FieldTable } from './fields.ts';
import { hostConfigFields } from './host-config-fields.ts';

/** What a body asks for. */
export type Asked = Record<string, unknown>;

/** Throws invalid (an unknown field, or no object where one must be), forbidden or unsupported, naming field and alternative. */
export function checkFields(body: unknown): { asked: Asked; warnings: string[] } {
  const warnings = new Set<string>();
  return { asked: check(body, containerFields, '', warnings), warnings: [...warnings] };
}

/** @param path of the object, ending in a dot; empty at the top */
function check(value: unknown, table: FieldTable, path: string, warnings: Set<string>): Asked {
  if (!isObject(value)) throw refuse('invalid', path.slice(0, -1) || 'body', 'must be an object');
  const asked: Asked = {};
  for (const [name, given] of Object.entries(value)) {
    const field = Object.hasOwn(table, name) ? table[name] : undefined;
    const at = path + name;
    if (!field) {
      if (path === '' && isUnsetHostField(name, given, value)) continue;
      throw unknown(at, name, table);
    }
    if (asksNothing(given, field, value)) continue;
    if (field.verdict === 'refused') throw refuse(field.code, at, `is refused: ${field.because}. ${field.instead}`);
    if (field.verdict === 'approximated') warnings.add(`${at.replaceAll(/\[[^\]]*\]/g, '')}: ${field.sentence}`);
    else asked[name] = within(given, field, at, warnings);
  }
  return asked;
}

/** The value of a mapped field, without what asks for nothing. */
function within(given: unknown, field: Field & { verdict: 'mapped' }, at: string, warnings: Set<string>): unknown {
  const { fields, items } = field;
  if (!fields) return given;
  if (!items) return check(given, fields, `${at}.`, warnings);
  const each = (item: unknown, key: string | number): unknown => {
    if (item === null) return null;
    // The bindings of a port are a list within a record.
    if (Array.isArray(item) && !Array.isArray(given)) {
      return item.map((inner, position) => check(inner, fields, `${at}[${key}][${position}].`, warnings));
    }
    return check(item, fields, `${at}[${key}].`, warnings);
  };
  if (Array.isArray(given)) return given.map(each);
  if (!isObject(given)) throw refuse('invalid', at, 'must be a list or an object');
  return Object.fromEntries(Object.entries(given).map(([key, item]) => [key, each(item, key)]));
}

/** Old clients repeat fields of HostConfig at the top, with nothing in them. */
function isUnsetHostField(name: string, given: unknown, beside: Asked): boolean {
  const field = Object.hasOwn(hostConfigFields, name) ? hostConfigFields[name] : undefined;
  return field !== undefined && asksNothing(given, field, beside);
}

/** What clients send for every field they have no wish about. */
function asksNothing(value: unknown, { neutral, emptyCounts, answered, sameAs }: Field, beside: Asked): boolean {
  if (value === null) return true;
  if (emptyCounts) return false;
  if (typeof value === 'object') {
    return Object.keys(value ?? {}).every((name) => answered !== undefined && name.startsWith(answered));
  }
  if (neutral?.some((one) => one === value)) return true;
  if (sameAs !== undefined && value === beside[sameAs]) return true;
  return value === '' || value === 0 || value === false;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Says where it would belong, for those who put it on the wrong level or wrote it in another case. */
function unknown(at: string, name: string, table: FieldTable): AppError {
  const meant = Object.keys(table).find((known) => fold(known) === fold(name));
  if (meant !== undefined) return refuse('invalid', at, `is not a field; it must be written ${meant}`);
  if (table === containerFields && Object.hasOwn(hostConfigFields, name)) {
    return refuse('invalid', at, 'is not a field here; it belongs into HostConfig');
  }
  return refuse('invalid', at, 'is not a field that the Engine API has');
}

/** As Go's JSON reader takes names for the same: by case, and long s and the Kelvin sign for s and k. */
const fold = (name: string): string => name.toLowerCase().replaceAll('\u017f', 's').replaceAll('\u212a', 'k');

export function refuse(code: ErrorCode, path: string, message: string): AppError {
  return new AppError(code, `${path} ${message}`, { details: { fields: [{ path, message }] } });
}
