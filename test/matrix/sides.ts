/** All sides of the fault matrix, in the order of the page. */
import { api } from './api.ts';
import { downloadAnswers } from './download-answers.ts';
import { downloadBytes } from './download-bytes.ts';
import { downloadConnection } from './download-connection.ts';
import { folder } from './folder.ts';
import { storeCommit, storeParts } from './store.ts';
import type { Side } from './table.ts';

export const sides: readonly Side[] = [
  downloadConnection,
  downloadAnswers,
  downloadBytes,
  api,
  storeParts,
  storeCommit,
  folder,
];
