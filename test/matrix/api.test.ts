/** Every cell of one side of the fault matrix. */
import { api } from './api.ts';
import { testSide } from './run-cell.ts';

testSide(api);
