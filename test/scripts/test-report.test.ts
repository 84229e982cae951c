import { expect, test } from 'vitest';
import { readReport } from '../../scripts/test-report.ts';

const counts = { numPassedTests: 3, numFailedTests: 1, numPendingTests: 1, numTodoTests: 1 };

test('the report counts what passed, failed and was left out', () => {
  const testResults = [{ status: 'failed', assertionResults: [{}] }];
  expect(readReport(JSON.stringify({ ...counts, testResults }))).toEqual({ passed: 3, failed: 1, skipped: 2 });
});

test('a file that broke before its first test counts as failed', () => {
  const testResults = [{ status: 'failed', assertionResults: [] }];
  expect(readReport(JSON.stringify({ ...counts, testResults })).failed).toBe(2);
});
