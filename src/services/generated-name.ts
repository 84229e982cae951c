/** Names for containers that were given none: two words and a number, readable aloud. */
import type { Ids } from '../domain/clock.ts';

const manners = [
  'ample',
  'brisk',
  'calm',
  'deft',
  'eager',
  'fair',
  'gentle',
  'hardy',
  'keen',
  'lively',
  'mellow',
  'nimble',
  'quiet',
  'ready',
  'steady',
  'trim',
];
const things = [
  'anchor',
  'beacon',
  'buoy',
  'capstan',
  'crane',
  'davit',
  'dock',
  'gantry',
  'harbor',
  'jetty',
  'keel',
  'ledger',
  'mooring',
  'pallet',
  'quay',
  'winch',
];

/** One of 16 million: among many containers of a tenant some will be taken, which the unique index tells. */
export function generatedName(ids: Ids): string {
  const pick = (words: string[]) => words[Math.floor(ids.fraction() * words.length)];
  return `${pick(manners)}_${pick(things)}_${Math.floor(ids.fraction() * 65_536)
    .toString(16)
    .padStart(4, '0')}`;
}
