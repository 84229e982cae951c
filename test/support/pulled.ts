/** Pulls an image as a tenant and answers it. */
import type { Ctx, Deps } from '../../src/context.ts';
import type { Image } from '../../src/domain/image.ts';
import { pullImage } from '../../src/services/image-pull.ts';

export async function pulled(deps: Deps, ctx: Ctx, reference: string): Promise<Image> {
  const steps = pullImage(deps, ctx, { reference, auth: null });
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
  }
}
