/** Every cell of one side of the fault matrix. */

import { testSide } from './run-cell.ts';
import { storeParts } from './store.ts';

testSide(storeParts);
