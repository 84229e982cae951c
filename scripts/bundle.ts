/**
 * `npm run bundle`: each Lambda function as a folder of dist/functions: index.mjs, which is loaded at start, and chunks that are
 * loaded when they are needed. The same source makes the same bytes.
 */
import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Metafile, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const names = ['api', 'events', 'sweep', 'migrate'] as const;

export interface Bundle {
  name: string;
  folder: string;
  /** What Node reads before the handler is there, minified, in bytes. */
  startBytes: number;
  totalBytes: number;
  /** Of all files and their names. */
  sha256: string;
}

/** zod's messages in every language are a third of it; ours are English. */
const englishOnly: Plugin = {
  name: 'zod in English',
  setup: ({ onLoad }) =>
    onLoad({ filter: /zod[/\\]v4[/\\]locales[/\\]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
      resolveDir: join(root, 'node_modules/zod/v4/locales'),
    })),
};

/** Imported, a module of Node's shows all that it has, and loads for it what is loaded on demand otherwise: fetch, HTTP/2, WebCrypto. */
const lazyBuiltins: Plugin = {
  name: "Node's modules as they are required",
  setup: ({ onResolve, onLoad }) => {
    onResolve({ filter: /^(node:)?[a-z_0-9/]+$/ }, ({ kind, path }) =>
      kind === 'import-statement' && isBuiltin(path)
        ? { path: path.replace(/^node:/, ''), namespace: 'required' }
        : undefined,
    );
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = require('node:${path}');`,
    }));
  },
};

/** @param folder receives one folder for each function; what was there is replaced */
export async function bundleFunctions(folder: string): Promise<Bundle[]> {
  rmSync(folder, { recursive: true, force: true });
  const entries = names.map((name) => ({ name, entry: `src/entrypoints/lambda-${name}.ts` }));
  const present = entries.filter(({ entry }) => existsSync(join(root, entry)));
  return Promise.all(present.map(({ name, entry }) => bundle(name, entry, join(folder, name))));
}

async function bundle(name: string, entry: string, folder: string): Promise<Bundle> {
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: { index: entry },
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    chunkNames: '[name]-[hash]',
    ...{ bundle: true, splitting: true, minify: true, format: 'esm', platform: 'node', target: 'node22' },
    // A module that is loaded later shows what it has by name only where it is none in CommonJS.
    mainFields: ['module', 'main'],
    // No function runs on an Engine: settings.ts refuses that provider.
    external: ['dockerode'],
    // Dependencies in CommonJS call it.
    banner: {
      js: `import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);`,
    },
    plugins: [englishOnly, lazyBuiltins],
    metafile: true,
    logLevel: 'warning',
  });
  if (name === 'migrate') cpSync(join(root, 'src/db/migrations'), join(folder, 'migrations'), { recursive: true });
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => join(file.parentPath, file.name))
    .sort();
  const contents = files.map((file) => ({ file: file.slice(folder.length), bytes: readFileSync(file) }));
  const hash = createHash('sha256');
  for (const { file, bytes } of contents) hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  return {
    name,
    folder,
    startBytes: startBytes(metafile),
    totalBytes: contents.reduce((sum, { bytes }) => sum + bytes.length, 0),
    sha256: hash.digest('hex'),
  };
}

/** Of the entry and of all that it imports without being asked to. */
function startBytes({ outputs }: Metafile): number {
  const seen = new Set<string>();
  const visit = (path: string): number => {
    const output = outputs[path];
    if (!output || seen.has(path)) return 0;
    seen.add(path);
    const imported = output.imports.filter(({ kind }) => kind === 'import-statement');
    return imported.reduce((sum, { path: next }) => sum + visit(next), output.bytes);
  };
  const entry = Object.keys(outputs).find((path) => path.endsWith('/index.mjs'));
  return visit(entry ?? '');
}

if (import.meta.main) {
  const bundles = await bundleFunctions(join(root, 'dist/functions'));
  const size = (bytes: number) => `${(bytes / 1e6).toFixed(2)} MB`.padStart(8);
  for (const { name, startBytes, totalBytes, sha256 } of bundles) {
    console.log(
      `${name.padEnd(8)}${size(startBytes)} at start,${size(totalBytes)} in all, sha256 ${sha256.slice(0, 16)}`,
    );
  }
}
