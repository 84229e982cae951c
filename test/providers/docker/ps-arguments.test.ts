/** What a tenant may ask ps for: nothing that shows processes of others. */
import { expect, test } from 'vitest';
import { checkedPsArguments } from '../../../src/providers/docker/ps-arguments.ts';

test.for(['', 'aux', '-ef', '-eLf', 'axjf', '-o pid,args', '-eo pid,%cpu,cmd', '-opid', 'axo pid,user,args'])(
  'ps %s is passed on',
  (given) => {
    expect(checkedPsArguments(given)).toBe(given);
  },
);

test('blanks between arguments are one each', () => {
  expect(checkedPsArguments('  -e   -f ')).toBe('-e -f');
});

test.for([
  ['-eoetimes=PID -oargs', 'another column is titled PID'],
  ['-o rss=PID,args', 'another column is titled PID'],
  ['-o pid,args,rss=PID', 'another column is titled PID'],
  ['-o args,pid', 'words of a command line stand where the id is expected'],
  ['-o pid,args,pid', 'words of a command line stand where the id is expected'],
  ['-o args', 'there is no id'],
  ['-o pid -o args,pid', 'columns come twice'],
  ['-ef h', 'the titles are left out'],
  ['-ef --no-headers', 'the titles are left out'],
  ['-e m', 'threads have no id'],
  ['-C sleep -f', 'an option takes the next word'],
  ['-u root', 'an option takes the next word'],
  ['-ef\n-oargs', 'there is more than blanks between the words'],
  ['-ef\t-oargs', 'there is more than blanks between the words'],
])('ps %s is refused: %s', ([given]) => {
  expect(() => checkedPsArguments(given as string)).toThrow(/arguments of ps/);
});
