/**
 * The published table is the one that is tested. When this fails because a row changed, write the page anew:
 * `npx vitest run test/matrix/page.test.ts -u`
 */
import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { faultMatrixPage } from './page.ts';

test('docs/fault-matrix.md tells every cell as it is tested', async () => {
  await expect(faultMatrixPage()).toMatchFileSnapshot(
    resolve(import.meta.dirname, '../../docs/fault-matrix.md'),
  );
});
