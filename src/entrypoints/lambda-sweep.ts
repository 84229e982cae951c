/** The function that is invoked every minute while anything is live or due. A wrong or missing setting fails its start. */
import { background } from '../lambda/background.ts';
import { parseFunctionConfig } from '../lambda/settings.ts';
import { sweepFor } from '../reconcile/bounded.ts';

export const handler = background(parseFunctionConfig(process.env), async (deps, _event: unknown, remainingMs) => {
  const swept = await sweepFor(deps, remainingMs);
  deps.log.info(swept, 'swept');
  return swept;
});
