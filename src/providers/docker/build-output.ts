/** What the Engine says while it builds, without the steps that were added, and numbered as if there were none. */
import type { BuildInput } from '../provider.ts';
import { buildLabel } from './labels.ts';

const stepPattern = /^Step (\d+)\/(\d+) : ([\s\S]*)$/;

export interface BuildOutput {
  /** The text as the tenant reads it; null where there is nothing for it to read. */
  shown(text: string): string | null;
  /** The instruction at work. */
  step(): string;
}

export function createBuildOutput({ dockerfile, target }: Pick<BuildInput, 'dockerfile' | 'target'>): BuildOutput {
  const added = stagesOf(dockerfile, target);
  let before = 0;
  let hidden = false;
  let current = '';
  return {
    step: () => current,
    shown(text) {
      const [, number, total, instruction = ''] = stepPattern.exec(text) ?? [];
      if (number === undefined) return hidden || text.startsWith('Successfully built ') ? null : text;
      hidden = instruction.startsWith(`LABEL ${buildLabel}=`);
      if (hidden) {
        before += 1;
        return null;
      }
      current = instruction.trim();
      return `Step ${Number(number) - before}/${Number(total) - added} : ${instruction}`;
    },
  };
}

/** How many stages are built: those up to the target, which is a name or a number. */
function stagesOf(dockerfile: string, target: string | null): number {
  const stages = [...dockerfile.matchAll(/^FROM .*$/gm)].map(([from]) => / as (\S+)$/i.exec(from)?.[1]?.toLowerCase());
  const named = stages.indexOf(target?.toLowerCase());
  if (target === null || target === '') return stages.length;
  if (named >= 0) return named + 1;
  return /^\d+$/.test(target) ? Number(target) + 1 : stages.length;
}
