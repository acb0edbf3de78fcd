/** The object store's promises, kept on a real server: Ceph's RADOS Gateway. */
import { CreateMultipartUploadCommand, ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { CEPH_TOOLS, openCephBucket } from '../support/ceph.ts';
import { describeWith } from '../support/needs.ts';
import { storeOn } from '../support/s3-stores.ts';
import { objectStoreContract } from './object-store.ts';

describeWith(CEPH_TOOLS, "Ceph's gateway", () => {
  objectStoreContract('Ceph', { proof: 'checksum', leftoversHaveKeys: true }, async () => {
    const ceph = await openCephBucket();
    return {
      store: storeOn(ceph, 'ceph'),
      async leftovers() {
        const { Uploads } = await ceph.client.send(new ListMultipartUploadsCommand({ Bucket: ceph.bucket }));
        return Uploads?.length ?? 0;
      },
      async strand(key) {
        await ceph.client.send(new CreateMultipartUploadCommand({ Bucket: ceph.bucket, Key: key }));
      },
      close: async () => ceph.close(),
    };
  });
});
