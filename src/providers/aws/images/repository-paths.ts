/** Names of repositories below a tenant's prefix. The grammar of ECR's names is narrower than that of references. Pure. */
import { sha256 } from '../../../domain/clock.ts';
import { AppError } from '../../../domain/errors.ts';
import { familiarRepository, type ImageReference } from '../../../domain/image.ts';

const grammar = /^[a-z0-9]+(?:[._-][a-z0-9]+)*(?:\/[a-z0-9]+(?:[._-][a-z0-9]+)*)*$/;
const longest = 180;
const fits = (path: string): boolean => grammar.test(path) && path.length <= longest;

/** Of what is pulled: the name that people read where ECR can have it. */
export function repositoryPath(reference: Pick<ImageReference, 'domain' | 'path'>): string {
  const name = familiarRepository(reference).replaceAll(':', '-').toLowerCase();
  return fits(name) ? name : `hashed/${sha256(name).slice(0, 40)}`;
}

/** Of what a tenant pushes himself. Throws invalid. */
export function checkedPath(path: string): string {
  if (fits(path)) return path;
  throw new AppError('invalid', `ECR takes no repository of this name: ${path.slice(0, longest)}`);
}
