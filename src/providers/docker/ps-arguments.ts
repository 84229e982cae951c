/**
 * Which arguments of ps a tenant may give. The Engine runs ps on its host, over the processes of everybody, and passes on the
 * lines whose column titled PID holds a process of the container. So nothing may give that title to another column, leave the
 * titles out, or put a column with blanks before it: each of these shows processes of others. Pure.
 */
import { AppError } from '../../domain/errors.ts';

/** Selections and formats with the titles of ps and the command last. Not `-u`, `-g` …, which take the next word. */
const flags = /^(-[AadefFHjlLwy]+|[aefjluvwx]+)$/;
/** `-eo pid,args`: columns as ps titles them, with pid before all others. */
const columns = /^(?:-[Aadew]*o ?|[awx]*o )pid((?:,[a-z%][a-z_]*)*)$/;

/** The same arguments with single blanks between them. Throws invalid. */
export function checkedPsArguments(given: string): string {
  const words = given.split(' ').filter(Boolean);
  const text = words.join(' ');
  const further = columns.exec(text)?.[1]?.split(',');
  const allowed = further ? !further.includes('pid') : words.every((word) => flags.test(word));
  if (!allowed)
    throw new AppError('invalid', 'These arguments of ps are not allowed; try "-ef", "aux" or "-o pid,args"');
  return text;
}
