/** Which stage of infra/stages a command is about, and what else it was given. */
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('../infra/stages', import.meta.url));

export const stageNames = (): string[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.replace('.json', ''))
    .sort();

/** Takes `--stage X` out of the arguments. Throws with a sentence for whoever typed them. */
export function takeStage(args: readonly string[]): { stage: string | null; rest: string[] } {
  const at = args.indexOf('--stage');
  if (at < 0) return { stage: null, rest: [...args] };
  const stage = args[at + 1] ?? '';
  const known = stageNames();
  if (!known.includes(stage)) {
    throw new Error(`There is no infra/stages/${stage}.json. Stages: ${known.join(', ')}`);
  }
  return { stage, rest: args.filter((_, index) => index !== at && index !== at + 1) };
}
