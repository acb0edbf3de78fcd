/** Every cell of one side of the fault matrix. */
import { folder } from './folder.ts';
import { testSide } from './run-cell.ts';

testSide(folder);
