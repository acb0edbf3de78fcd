/** Every cell of one side of the fault matrix. */
import { downloadConnection } from './download-connection.ts';
import { testSide } from './run-cell.ts';

testSide(downloadConnection);
