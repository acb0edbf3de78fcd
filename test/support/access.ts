/** Access to backups that nobody encrypted, for tests that are about something else. */
import type { BackupAccess } from '../../src/catalog/backup-access.ts';

export const plainAccess: BackupAccess = {
  to: async () => ({ kind: 'plain' }),
  key: async () => {
    throw new Error('nobody asks for a key here');
  },
};
