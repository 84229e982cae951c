import { defineConfig } from 'vitest/config';

/** A test file's name says what it needs; only the projects that have files to run set up their services. */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Nothing is measured here: a machine that is busy with other things must not fail a test.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: { name: 'offline', include: ['test/**/*.test.ts'], exclude: ['test/**/*.{pg,docker,root,aws}.test.ts'] },
      },
      { extends: true, test: { name: 'aws', include: ['test/**/*.aws.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: ['test/**/*.pg.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts'],
        },
      },
      { extends: true, test: { name: 'root', include: ['test/**/*.root.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'docker',
          include: ['test/**/*.docker.test.ts'],
          globalSetup: ['test/support/postgres-setup.ts', 'test/support/engine-setup.ts'],
        },
      },
    ],
  },
});
