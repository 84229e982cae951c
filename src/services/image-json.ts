/**
 * The configuration of an image, of which the id is the digest. What reads it later ignores the case of names and takes the
 * last of two, so that one that could be read in two ways is refused.
 */
import { z } from 'zod';
import { AppError } from '../domain/errors.ts';

const imageJson = z.looseObject({
  os: z.string(),
  architecture: z.string().min(1).max(64),
  rootfs: z.object({
    type: z.literal('layers'),
    diff_ids: z
      .array(z.string().regex(/^sha256:[0-9a-f]{64}$/))
      .max(127)
      .default([]),
  }),
});
export type ImageJson = z.infer<typeof imageJson>;

/** Throws invalid, and unsupported for an image of another system. */
export function parseImageJson(bytes: Buffer): ImageJson {
  const text = bytes.toString();
  const parsed = imageJson.safeParse(parseJson(text));
  if (!parsed.success) throw new AppError('invalid', 'The configuration of an image in the archive cannot be read');
  if (parsed.data.os !== 'linux') throw new AppError('unsupported', `Images for ${parsed.data.os} cannot be used here`);
  return parsed.data;
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    refuseSecondNames(text);
    return value;
  } catch (error) {
    if (error instanceof AppError) throw error;
    return undefined;
  }
}

/** As Go compares names: letters, whatever their case, and the two that are none of ASCII but fold to one. */
const folded = (name: string) => name.toLowerCase().replaceAll('\u017f', 's').replaceAll('\u212a', 'k');

const tokens = /"(?:[^"\\]|\\.)*"|[{}[\],:]/gs;

/** Of valid JSON: no name twice in the outermost object, nor in those right below it. */
function refuseSecondNames(text: string): void {
  const open: { names: Set<string> | null }[] = [];
  let last = '';
  for (const [token] of text.matchAll(tokens)) {
    if (token === '{') open.push({ names: open.length < 2 ? new Set() : null });
    else if (token === '[') open.push({ names: null });
    else if (token === '}' || token === ']') open.pop();
    else if (token === ':') {
      const names = open.at(-1)?.names;
      const name = folded(JSON.parse(last) as string);
      if (names?.has(name)) throw new AppError('invalid', `The configuration of an image has ${last} twice`);
      names?.add(name);
    }
    last = token;
  }
}
