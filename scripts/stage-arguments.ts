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
  const { value: stage, rest } = takeOption('--stage', args);
  const known = stageNames();
  if (stage !== null && !known.includes(stage)) {
    throw new Error(`There is no infra/stages/${stage}.json. Stages: ${known.join(', ')}`);
  }
  return { stage, rest };
}

/** Takes an option and its value out of the arguments. */
export function takeOption(name: string, args: readonly string[]): { value: string | null; rest: string[] } {
  const at = args.indexOf(name);
  if (at < 0) return { value: null, rest: [...args] };
  return { value: args[at + 1] ?? '', rest: args.filter((_, index) => index !== at && index !== at + 1) };
}
