/** The object store's promises, kept on S3 servers of three kinds. */

import { PROFILES, type ProviderName, type ProviderProfile } from '../../src/store/s3/provider-profile.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { beginUpload } from '../support/s3-bucket.ts';
import { storeOn, storeOverSockets } from '../support/s3-stores.ts';
import { objectStoreContract } from './object-store.ts';

function underTest(server: S3Server, profile: ProviderName | ProviderProfile, open = storeOn) {
  // Pages that end often, so that going on is tested with few keys.
  server.behaviour.pageSize = 100;
  return {
    store: open(server, profile),
    leftovers: async () => server.uploads.size,
    async strand(key: string) {
      beginUpload(server, key, {});
    },
    close: () => server.close(),
  };
}

objectStoreContract('S3', { proof: 'checksum', leftoversHaveKeys: true }, async () =>
  underTest(await startS3({ mode: 'aws' }), 'aws'),
);

objectStoreContract('S3, read over sockets', { proof: 'checksum', leftoversHaveKeys: true }, async () =>
  underTest(await startS3({ mode: 'aws' }), 'aws', storeOverSockets),
);

objectStoreContract('COS', { proof: 'checksum', leftoversHaveKeys: true }, async () =>
  underTest(await startS3({ mode: 'cos' }), 'cos'),
);

objectStoreContract(
  'a store that honours no conditions',
  { proof: 'checksum', leftoversHaveKeys: true },
  async () => {
    const server = await startS3({ mode: 'ceph' });
    server.behaviour.conditionalWrites = 'refused';
    return underTest(server, { ...PROFILES.other, md5Etags: 'all', abortSparesObject: true });
  },
);

objectStoreContract(
  'a store that lists folder by folder',
  { proof: 'checksum', leftoversHaveKeys: true, departures: { 'folder-order': 'As SeaweedFS does.' } },
  async () => {
    const server = await startS3({ mode: 'aws' });
    server.behaviour.listOrder = 'folders';
    return underTest(server, 's3');
  },
);
