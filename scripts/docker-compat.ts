/** `npm run docker-compat`: writes what the Docker door does to docs/docker-compat.md. With `--check` only compares. */
import { generate } from './generated.ts';

generate('docs/docker-compat.md', 'src/entrypoints/docker-compat.ts', 'npm run docker-compat');
