/** Images on ECR. */
import { AppError } from '../../../domain/errors.ts';
import type { ImagePort } from '../../provider.ts';
import type { Site } from '../site.ts';

const pending = (): never => {
  throw new AppError('unsupported', 'Images cannot be held on AWS yet');
};

export function imagesOf(_site: Site): ImagePort {
  return {
    // biome-ignore lint/correctness/useYield: it refuses before anything could be told
    pull: async function* () {
      return pending();
    },
    inspect: async () => pending(),
    hold: async () => pending(),
    release: async () => pending(),
  };
}
