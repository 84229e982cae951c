/**
 * The steps of an image as its configuration has them. The Engine's list of them does not tell a step that made no layer from one
 * whose layer has no bytes: where counting and the instructions leave a doubt, the configuration itself is read.
 */
import { z } from 'zod';
import { AppError } from '../../domain/errors.ts';
import { readTar } from '../../domain/tar.ts';
import type { CallOptions } from '../provider.ts';
import type { Site } from './client.ts';
import { imagePath } from './image-details.ts';

/** In the form of the configuration. */
export interface ImageStep {
  created: string;
  created_by: string;
  comment?: string;
  empty_layer?: true;
}

const subject = { noun: 'image' } as const;
const mostConfigBytes = 4 * 1024 * 1024;
const listed = z.array(
  z.object({ Created: z.number(), CreatedBy: z.string(), Size: z.number(), Comment: z.string().nullish() }),
);
type Listed = z.infer<typeof listed>[number];
const written = z.object({
  history: z
    .array(
      z.object({
        created: z.string().default(''),
        created_by: z.string().default(''),
        comment: z.string().optional(),
        empty_layer: z.boolean().optional(),
      }),
    )
    .nullish(),
});

/** The oldest first. Throws not_found. */
export async function imageSteps(
  site: Site,
  { id, layers }: { id: string; layers: number },
  options: CallOptions,
): Promise<ImageStep[]> {
  const request = { method: 'GET', path: `${imagePath(id)}/history`, subject } as const;
  const steps = (await site.engine.ask(request, listed, options)).toReversed();
  const empty = emptyOnes(steps, layers);
  if (!empty) return readSteps(site, id, options);
  return steps.map(({ Created, CreatedBy, Comment }, position) => ({
    created: new Date(Created * 1000).toISOString(),
    created_by: CreatedBy,
    ...(Comment && { comment: Comment }),
    ...(empty[position] && { empty_layer: true as const }),
  }));
}

/** Of the classic builder and of BuildKit: these never touch a file. */
const withoutFiles =
  /^(?:\/bin\/sh -c #\(nop\)\s+)?(?:ARG|CMD|ENTRYPOINT|ENV|EXPOSE|HEALTHCHECK|LABEL|MAINTAINER|ONBUILD|SHELL|STOPSIGNAL|USER|VOLUME) /;

/** Which of the steps made no layer; null where that cannot be told. */
export function emptyOnes(
  steps: readonly Pick<Listed, 'CreatedBy' | 'Size'>[],
  layers: number,
): readonly boolean[] | null {
  const small = steps.filter(({ Size }) => Size === 0);
  const missing = layers - (steps.length - small.length);
  if (missing === 0 || missing === small.length) return steps.map(({ Size }) => Size === 0 && missing === 0);
  const mayHave = ({ Size, CreatedBy }: (typeof steps)[number]) => Size > 0 || !withoutFiles.test(CreatedBy);
  return steps.filter(mayHave).length === layers ? steps.map((step) => !mayHave(step)) : null;
}

/** Out of an archive of the image, which has it between its layers. */
async function readSteps(site: Site, id: string, options: CallOptions): Promise<ImageStep[]> {
  const path = `${imagePath(id)}/get`;
  const archive = await site.engine.stream({ method: 'GET', path, subject }, options);
  const hex = id.replace('sha256:', '');
  try {
    for await (const { entry, content } of readTar(archive)) {
      if (entry.path !== `${hex}.json` && entry.path !== `blobs/sha256/${hex}`) continue;
      if (entry.sizeBytes > mostConfigBytes) break;
      const chunks: Uint8Array[] = [];
      for await (const chunk of content) chunks.push(chunk);
      const { history } = written.parse(JSON.parse(Buffer.concat(chunks).toString()));
      return (history ?? []).map(({ empty_layer, comment, ...step }) => ({
        ...step,
        ...(comment && { comment }),
        ...(empty_layer && { empty_layer: true as const }),
      }));
    }
  } finally {
    archive.destroy();
  }
  throw new AppError('internal', 'The Docker Engine saved an image without its configuration');
}
