/**
 * What becomes of every field of the Engine's container create. The walk over a body (check-fields.ts) and the page
 * docs/docker-compat.md are made from these tables; a field that is in none of them is refused.
 */
import type { ErrorCode } from '../../domain/errors.ts';

export type Field = FieldFacts & Verdict;

interface FieldFacts {
  /** The API version that brought it, where that is newer than 1.24. */
  since?: string;
  /** Values that ask for nothing, besides null, false, 0, and empty texts, lists and objects. */
  neutral?: readonly (string | number)[];
  /** Names in it that begin so are what inspect answers: they ask for nothing. */
  answered?: string;
  /** Only null asks for nothing. */
  emptyCounts?: true;
  /** Another field beside it: a value that equals that one's asks for nothing. */
  sameAs?: string;
}

export type Verdict =
  /** `fields`: of the object that it is, or of each `item` of the list or record. */
  | { verdict: 'mapped'; to: string; fields?: FieldTable; items?: true }
  /** The create answer carries the sentence as a warning. */
  | { verdict: 'approximated'; sentence: string }
  | { verdict: 'refused'; code: RefusalCode; because: string; instead: string };

/** forbidden: the policy says no. unsupported: it cannot be done here. invalid: it makes no sense in this place. */
type RefusalCode = Extract<ErrorCode, 'forbidden' | 'unsupported' | 'invalid'>;

export type FieldTable = Readonly<Record<string, Field>>;

export const mapped = (to: string, facts: FieldFacts & { fields?: FieldTable; items?: true } = {}): Field => ({
  verdict: 'mapped',
  to,
  ...facts,
});

export const approximated = (sentence: string, facts: FieldFacts = {}): Field => ({
  verdict: 'approximated',
  sentence,
  ...facts,
});

const refusal =
  (code: RefusalCode) =>
  (because: string, instead: string, facts: FieldFacts = {}): Field => ({
    verdict: 'refused',
    code,
    because,
    instead,
    ...facts,
  });
export const forbidden = refusal('forbidden');
export const unsupported = refusal('unsupported');
export const misplaced = refusal('invalid');
