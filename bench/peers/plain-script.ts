/** What one writes in ten minutes: a got stream into lib-storage. It proves nothing about the file. Usage: node plain-script.ts URL BUCKET KEY */
import { S3Client } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import got from 'got';

const [url = '', Bucket = '', Key = ''] = process.argv.slice(2);
const client = new S3Client({
  endpoint: process.env['ARCHIVER_S3_ENDPOINT'] ?? '',
  region: 'us-east-1',
  forcePathStyle: true,
  requestChecksumCalculation: 'WHEN_REQUIRED',
});
const partSize = Number(process.env['PART_SIZE']);
await new Upload({ client, partSize, queueSize: 4, params: { Bucket, Key, Body: got.stream(url) } }).done();
