/** A large tar on its way into a container: what is beyond the head in pieces through the bucket, or by the session where that cannot be. */
import { AppError } from '../../../domain/errors.ts';
import type { CallOptions, Session } from '../../provider.ts';
import { type ObjectFolder, piecesOf } from '../object-folder.ts';
import type { Answers } from './answers.ts';
import { brokenOff } from './codes.ts';
import { trialText } from './piecewise.ts';

export interface Incoming {
  session: Session;
  answers: Answers;
  folder: ObjectFolder;
  options: CallOptions;
  head: Uint8Array;
  rest: AsyncIterable<Uint8Array>;
}

/** The container's answers are those of `unpacking` in piecewise.ts. Throws conflict when it takes no more. */
export async function sendLarge(incoming: Incoming): Promise<void> {
  const { session, answers, head, rest } = incoming;
  const isReachable = (await answers.line()) === 'curl' && (await isTried(incoming));
  await session.write(head);
  if (isReachable) await sendPieces(incoming);
  else for await (const chunk of rest) await session.write(chunk);
}

async function isTried({ session, answers, folder, options }: Incoming): Promise<boolean> {
  await folder.put('trial', trialText, options);
  await hand(session, await folder.urlToGet('trial', options));
  const answer = await answers.line();
  await folder.remove('trial', options);
  return answer === 'yes';
}

/** While the container reads one, the next is put into the bucket. The end is said: what breaks off must not pass for whole. */
async function sendPieces({ session, answers, folder, options, rest }: Incoming): Promise<void> {
  let number = 0;
  const isTaken = async () => {
    if (number === 0) return;
    const answer = await answers.line();
    if (answer === null) throw new AppError('conflict', 'The container takes no more');
    if (answer !== 'got') throw brokenOff();
    await folder.remove(String(number - 1), options);
  };
  for await (const piece of piecesOf(rest)) {
    await folder.put(String(number), piece, options);
    await isTaken();
    await hand(session, await folder.urlToGet(String(number), options));
    number += 1;
  }
  await isTaken();
  await hand(session, '.');
}

const hand = (session: Session, line: string): Promise<void> => session.write(Buffer.from(`${line}\n`));
