/** The policies to paste allow what the archiver does and nothing else; above all, only the expirer may delete. */
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { archiveLayout } from '../../src/domain/archive-key.ts';
import { DEPLOY, readDeploy } from './support/manifests.ts';

/** One text or several, each of this form; comes out as a list. */
const texts = (form: RegExp) =>
  z
    .union([z.string(), z.array(z.string())])
    .transform((value) => [value].flat())
    .pipe(z.array(z.string().regex(form)));

/** Policies of AWS. */
const awsPolicy = z.strictObject({
  Version: z.literal('2012-10-17'),
  Statement: z.array(
    z.strictObject({
      Sid: z.string().regex(/^[A-Za-z0-9]+$/),
      Effect: z.enum(['Allow', 'Deny']),
      Principal: z.literal('*').optional(),
      Action: texts(/^(s3|kms):[A-Z*]/),
      Resource: texts(/^arn:aws:/).optional(),
      NotResource: texts(/^arn:aws:/).optional(),
      Condition: z
        .record(z.string(), z.record(z.string(), z.union([z.string(), z.array(z.string())])))
        .optional(),
    }),
  ),
});

/** Policies of Tencent's CAM. */
const camPolicy = z.strictObject({
  version: z.literal('2.0'),
  statement: z.array(
    z.strictObject({
      effect: z.literal('allow'),
      action: texts(/^(redis|name\/(cos|sts)):[A-Z]\w+$/),
      resource: z.array(z.string().regex(/^(\*|qcs::cos:[a-z-]+:uid\/\d+:[a-z0-9-]+\/.*)$/)).optional(),
      principal: z
        .strictObject({ federated: z.array(z.string().regex(/^qcs::cam::uin\/\d+:oidc-provider\//)) })
        .optional(),
      condition: z.record(z.string(), z.record(z.string(), z.string())).optional(),
    }),
  ),
});

const lifecycle = z.strictObject({
  Rules: z.array(
    z.strictObject({
      ID: z.string(),
      Status: z.literal('Enabled'),
      Filter: z.strictObject({ Prefix: z.string().regex(/\/$/) }),
      AbortIncompleteMultipartUpload: z.strictObject({ DaysAfterInitiation: z.int().min(1) }),
    }),
  ),
});

const aws = (file: string) => awsPolicy.parse(readJson(file)).Statement;
const cam = (file: string) => camPolicy.parse(readJson(file)).statement;
const awsActions = (file: string) => aws(file).flatMap(({ Action }) => Action);
const camActions = (file: string) => cam(file).flatMap(({ action }) => action);

describe('the policies', () => {
  test('are told one by one in the deployment guide', () => {
    const guide = readDeploy('../docs/deployment.md');
    for (const file of readdirSync(resolve(DEPLOY, 'policies')))
      expect(guide).toContain(`deploy/policies/${file}`);
  });

  test('let the archiver list, read and put, abort uploads, encrypt and decrypt, remove what its trials put, and no more', () => {
    expect(new Set(awsActions('s3-archiver.json'))).toEqual(
      new Set([
        's3:ListBucket',
        's3:ListBucketMultipartUploads',
        's3:DeleteObject',
        's3:PutObject',
        's3:GetObject',
        's3:AbortMultipartUpload',
        's3:ListMultipartUploadParts',
        'kms:GenerateDataKey',
        'kms:Decrypt',
      ]),
    );
    expect(new Set(camActions('cos-archiver.json').map((action) => action.replace('name/cos:', '')))).toEqual(
      new Set([
        'GetBucket',
        'ListMultipartUploads',
        'DeleteObject',
        'HeadObject',
        'GetObject',
        'PutObject',
        'InitiateMultipartUpload',
        'UploadPart',
        'CompleteMultipartUpload',
        'AbortMultipartUpload',
        'ListParts',
      ]),
    );
  });

  test('let the archiver delete nothing but the small objects of its trials', () => {
    const probe = 'redis-archive/production/state/probe/*';
    const deletes = aws('s3-archiver.json').filter(({ Action }) => Action.join().includes('Delete'));
    expect(deletes).toMatchObject([{ Action: ['s3:DeleteObject'], Resource: [`arn:aws:s3:::${probe}`] }]);
    const removes = cam('cos-archiver.json').filter(({ action }) => action.join().includes('Delete'));
    expect(removes).toMatchObject([
      { action: ['name/cos:DeleteObject'], resource: [expect.stringContaining('/production/state/probe/*')] },
    ]);
    const [deny] = aws('s3-bucket.json').filter(({ Action }) => Action.includes('s3:DeleteObject'));
    expect(deny?.NotResource).toEqual([`arn:aws:s3:::${probe}`]);
  });

  test('let the archiver lock where that is wanted, what it has put and no longer than said, try on objects of its own whether that holds, and never loosen a lock', () => {
    expect(new Set(awsActions('s3-archiver-lock.json'))).toEqual(
      new Set([
        's3:GetBucketObjectLockConfiguration',
        's3:GetBucketVersioning',
        's3:PutObjectRetention',
        's3:PutObjectLegalHold',
        's3:GetObjectRetention',
        's3:GetObjectLegalHold',
        's3:DeleteObjectVersion',
      ]),
    );
    const [trial] = aws('s3-archiver-lock.json').filter(({ Action }) => Action.join().includes('Delete'));
    expect(trial).toMatchObject({
      Action: ['s3:DeleteObjectVersion'],
      Resource: ['arn:aws:s3:::redis-archive/production/state/probe/*'],
    });
    const [lock] = aws('s3-archiver-lock.json').filter(({ Action }) =>
      Action.includes('s3:PutObjectRetention'),
    );
    expect(lock?.Condition).toEqual({
      NumericLessThanEquals: { 's3:object-lock-remaining-retention-days': '366' },
    });
    expect(lock?.Resource?.join()).not.toContain('production/*');
    expect(camActions('cos-archiver-lock.json').join()).not.toMatch(/Delete|\*/);
    for (const file of readdirSync(resolve(DEPLOY, 'policies')).filter((name) =>
      /^s3.*(?<!bucket)\.json$/.test(name),
    ))
      expect(readDeploy(`policies/${file}`)).not.toContain('Bypass');
    const [deny] = aws('s3-bucket.json').filter(({ Action }) =>
      Action.includes('s3:BypassGovernanceRetention'),
    );
    expect(deny).toMatchObject({ Effect: 'Deny', Principal: '*' });
  });

  test('let whoever expires see what is locked', () => {
    expect(awsActions('s3-expirer.json')).toContain('s3:GetObjectRetention');
    expect(camActions('cos-expirer.json')).toContain('name/cos:GetObjectRetention');
  });

  test('let whoever verifies or drills put nothing but what was found', () => {
    expect(new Set(awsActions('s3-verifier.json'))).toEqual(new Set(['s3:PutObject', 'kms:GenerateDataKey']));
    const [puts] = aws('s3-verifier.json').filter(({ Action }) => Action.includes('s3:PutObject'));
    const layout = archiveLayout('production');
    const ref = { source: 's', instanceId: 'i', backupId: 'b', startedAt: '2026-01-01T00:00:00.000Z' };
    const written = [
      layout.recordKey('drill', ref),
      layout.drillSummaryKey('s'),
      layout.verifiedKey('s', '2026-01'),
      layout.verifyRunsKey(),
      layout.indexKey(ref),
    ];
    const allowed = puts?.Resource?.map((one) => one.replace('arn:aws:s3:::redis-archive/', '').slice(0, -1));
    for (const key of written) expect(allowed?.filter((prefix) => key.startsWith(prefix))).toHaveLength(1);
    for (const prefix of allowed ?? [])
      expect(written.filter((key) => key.startsWith(prefix))).not.toEqual([]);
    expect(awsActions('s3-reader.json').join()).not.toContain('Put');
  });

  test('name what each statement is about', () => {
    for (const file of [
      's3-archiver.json',
      's3-archiver-lock.json',
      's3-reader.json',
      's3-verifier.json',
      's3-expirer.json',
      's3-bucket.json',
    ])
      for (const { Resource, NotResource } of aws(file))
        expect([Resource, NotResource].filter((one) => one !== undefined)).toHaveLength(1);
  });

  test('let nobody delete archives but the expirer, who in turn can put nothing but its notes', () => {
    expect(awsActions('s3-reader.json').join()).not.toMatch(/Delete|\*/);
    expect(awsActions('s3-archiver.json').join()).not.toContain('*');
    expect(camActions('cos-archiver.json').join()).not.toContain('*');
    expect(awsActions('s3-expirer.json')).toContain('s3:DeleteObject');
    expect(awsActions('s3-expirer.json').join()).not.toMatch(/DeleteObjectVersion|\*/);
    const puts = aws('s3-expirer.json').filter(({ Action }) => Action.join().includes('Put'));
    expect(puts).toMatchObject([{ Action: ['s3:PutObject'] }]);
    for (const resource of puts.flatMap(({ Resource = [] }) => Resource))
      expect(resource).toMatch(/\/production\/state\/expired?\/\*$/);
    expect(camActions('cos-expirer.json')).toContain('name/cos:DeleteObject');
    expect(camActions('cos-expirer.json').join()).not.toMatch(/Upload|\*/);
    const camPuts = cam('cos-expirer.json').filter(({ action }) => action.join().includes('Put'));
    expect(camPuts).toMatchObject([{ action: ['name/cos:PutObject'] }]);
    for (const resource of camPuts.flatMap(({ resource = [] }) => resource))
      expect(resource).toMatch(/\/production\/state\/expired?\/\*$/);
    const [deny] = aws('s3-bucket.json').filter(({ Action }) => Action.includes('s3:DeleteObject'));
    expect(deny).toMatchObject({ Effect: 'Deny', Principal: '*' });
    expect(deny?.Action).toContain('s3:DeleteObjectVersion');
  });

  test('only forbid where everybody is meant', () => {
    for (const { Effect, Principal } of aws('s3-bucket.json'))
      expect([Effect, Principal]).toEqual(['Deny', '*']);
  });

  test('hand out decryption keys only where these are sealed, and nothing else besides', () => {
    const more = camActions('cam-source-sealing.json').filter(
      (action) => !camActions('cam-source.json').includes(action),
    );
    expect(more).toEqual(['redis:DescribeBackupDetail']);
    expect(cam('cam-source-sealing.json')[0]?.action).toEqual(
      expect.arrayContaining(camActions('cam-source.json')),
    );
  });

  test('let a backup be made where that is wanted, and nothing else be changed in the cloud', () => {
    expect(camActions('cam-source-backup.json')).toEqual(['redis:ManualBackupInstance']);
  });

  test('let the cloud account read, and never hand out decryption keys', () => {
    for (const file of ['cam-source.json', 'cam-source-v2.json'])
      for (const action of camActions(file)) expect(action).toMatch(/^redis:(Describe|Get)(?!BackupDetail)/);
  });

  test('trust one service account of one cluster', () => {
    const [trust] = cam('cam-trust-tke.json');
    expect(trust?.condition).toEqual({
      string_equal: {
        'oidc:aud': 'sts.cloud.tencent.com',
        'oidc:sub': 'system:serviceaccount:rdb-archiver:rdb-archiver',
      },
    });
  });

  test('have uploads that nobody finishes go away, later than any run lasts', () => {
    const [rule] = lifecycle.parse(readJson('s3-lifecycle.json')).Rules;
    expect(rule?.AbortIncompleteMultipartUpload.DaysAfterInitiation).toBe(2);
    const cos = readDeploy('policies/cos-lifecycle.xml');
    expect(cos).toMatch(/<AbortIncompleteMultipartUpload>\s*<DaysAfterInitiation>2</);
    expect(cos).toMatch(/<Prefix>production\/<\/Prefix>/);
  });
});

function readJson(file: string): unknown {
  return JSON.parse(readDeploy(`policies/${file}`));
}
