/** Prints the page on Docker compatibility. Needs no service. */
import { compatPage } from '../api/docker/compat-page.ts';

console.log(compatPage());
