/** `npm run openapi`: writes the API's document to docs/openapi.json. With `--check` only compares, and fails when they differ. */
import { generate } from './generated.ts';

generate('docs/openapi.json', 'src/entrypoints/openapi.ts', 'npm run openapi');
