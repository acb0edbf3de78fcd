/** Every cell of one side of the fault matrix. */

import { testSide } from './run-cell.ts';
import { storeCommit } from './store.ts';

testSide(storeCommit);
