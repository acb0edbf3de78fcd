/**
 * Which Node the program needs, where one may have come along, and what to tell a person who has neither. A Node that is too old must be able
 * to read this: plain JavaScript that imports nothing of ours.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The oldest major version that runs the program. */
export const OLDEST = 24;
/** Where npm puts the package `node`: in our own node_modules in a checkout, beside our scope where both were installed. */
const PACKAGES = ['../node_modules/node/', '../../../node/']
  .map((place) => new URL(place, import.meta.url))
  .filter(({ pathname }) => pathname.endsWith('/node_modules/node/'));

/**
 * Whether this version of Node runs the program.
 * @param {string} version as in `process.versions.node`
 */
export function isNewEnough(version) {
  return Number(version.split('.')[0]) >= OLDEST;
}

/** The Node that came along as a package, by its path; undefined where there is none, or one that is too old itself. */
export function packagedNode() {
  const home = PACKAGES.find((place) => hasProgram(place) && isNewEnough(versionOf(place)));
  return home && fileURLToPath(new URL('bin/node', home));
}

/**
 * What is wrong with a Node that is too old, and what to do: lines for standard error.
 * @param {string} version as in `process.versions.node`
 */
export function whatIsNeeded(version) {
  const lines = [
    `rdb-archiver: needs Node ${OLDEST} or newer, and this is Node ${version}`,
    `  Install Node ${OLDEST}, or the npm package node@${OLDEST} beside this one.`,
  ];
  // npm 12 runs no install script that `allowScripts` does not name, and none at all with `ignore-scripts`: it is one that fetches the program.
  if (PACKAGES.some((place) => existsSync(place) && !hasProgram(place)))
    lines.push(
      '  That package is there, but its install script has not run. What runs it, where allowScripts in package.json lets it:',
      '    npm rebuild node --ignore-scripts=false',
    );
  return `${lines.join('\n')}\n`;
}

/** @param {URL} place */
function hasProgram(place) {
  return existsSync(new URL('bin/node', place));
}

/**
 * @param {URL} place
 * @returns {string}
 */
function versionOf(place) {
  return JSON.parse(readFileSync(new URL('package.json', place), 'utf8')).version;
}
