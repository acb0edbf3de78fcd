/** Every cell of one side of the fault matrix. */
import { downloadBytes } from './download-bytes.ts';
import { testSide } from './run-cell.ts';

testSide(downloadBytes);
