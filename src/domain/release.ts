/** What this is and of which release, as clients are told. A test compares it with package.json. */
export const PRODUCT = 'Longshore';
export const RELEASE = '0.1.0';
