/**
 * Ends the process where its Node is too old, before anything else is loaded: imported first by whatever runs the program or its tests, and by
 * `node --import` where that is TypeScript, which an old Node cannot read.
 */
import { isNewEnough, whatIsNeeded } from './node-version.js';

const version = process.versions.node;
if (!isNewEnough(version)) {
  process.stderr.write(whatIsNeeded(version));
  process.exit(2);
}
