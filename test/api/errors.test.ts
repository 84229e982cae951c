import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { asAppError, toProblem } from '../../src/api/errors.ts';
import { AppError, errorCodes } from '../../src/domain/errors.ts';

const documented = new Map(
  [...readFileSync('docs/errors.md', 'utf8').matchAll(/^\| `(\w+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]),
);

it('every code is documented with the status it is answered with, and no other', () => {
  expect([...documented.keys()].sort()).toEqual([...errorCodes].sort());
  for (const code of errorCodes) expect(toProblem(new AppError(code, 'x'), 'id').status).toBe(documented.get(code));
});

it('what was not thrown for a reader says nothing of itself', () => {
  const problem = toProblem(asAppError(new Error('password=hunter2 in SELECT')), 'id');
  expect(problem.status).toBe(500);
  expect(JSON.stringify(problem)).not.toMatch(/hunter2|SELECT/);
});

it('a problem names its fields and says when to come back', () => {
  const fields = [{ path: 'image', message: 'missing' }];
  expect(toProblem(new AppError('invalid', 'image: missing', { details: { fields } }), 'id').body).toMatchObject({
    errors: fields,
  });
  expect(toProblem(new AppError('unavailable', 'away'), 'id').headers['retry-after']).toMatch(/^\d+$/);
});
