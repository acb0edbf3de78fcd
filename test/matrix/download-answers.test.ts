/** Every cell of one side of the fault matrix. */
import { downloadAnswers } from './download-answers.ts';
import { testSide } from './run-cell.ts';

testSide(downloadAnswers);
