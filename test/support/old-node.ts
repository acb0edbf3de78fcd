/** Makes a Node pass for an old one: what asks for its version is told another. Real old ones run in `.ci/two-commands`. */

/** Older than any that has run the program. */
export const OLD_VERSION = '18.20.8';

const claim = `Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '${OLD_VERSION}' } })`;

/** The environment of a Node that is to be old, and of all that it starts. */
export const oldNode = {
  NODE_OPTIONS: `--import=data:text/javascript;base64,${Buffer.from(claim).toString('base64')}`,
};
