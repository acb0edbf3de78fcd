/** No server fills the process up: whatever does not end is ended, in less than 300 MB, by the process's own peak. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { builtProgram } from '../support/bundle.ts';
import { call, download } from '../support/cloud.ts';
import { changeJson } from '../support/cloud-api-faults.ts';
import { startCommand } from '../support/command.ts';
import { emptyPages, endlessAnswer, endlessDump, endlessPages } from '../support/endless.ts';
import { type S3Server, startS3 } from '../support/s3.ts';
import { linesOf, openWorkplace, type Workplace } from '../support/workplace.ts';

const MEMORY_MB = 300;

const TELL_PEAK = join(import.meta.dirname, '../support/tell-peak.js');

interface Stage {
  readonly work: Workplace;
  readonly s3: S3Server;
}

/** One run by the program as it ships, with the heap of the image; the peak in MB. */
async function runIn({ work }: Stage, env: Readonly<Record<string, string>> = {}, command = ['run']) {
  const { program, env: compiled } = builtProgram();
  const [node = '', ...rest] = program;
  const options = {
    cwd: work.cwd,
    env: { ...compiled, ...work.env, ...env },
    program: [node, '--max-semi-space-size=2', '--import', TELL_PEAK, ...rest],
  };
  const result = await startCommand(command, options).result;
  const [, kilobytes] = /peak (\d+)$/.exec(result.stderr) ?? [];
  const errors = linesOf(result).flatMap(({ error }) =>
    error === undefined ? [] : [error as { code: string; message: string }],
  );
  return { ...result, errors, peak: Number(kilobytes) / 1024 };
}

async function openStage(): Promise<Stage> {
  const s3 = await startS3({ discardBodies: true });
  const work = await openWorkplace({ bucket: s3 });
  return { work, s3 };
}

const LIST = '<?xml version="1.0"?><ListBucketResult><IsTruncated>false</IsTruncated><Name>';
const REFUSAL = '<?xml version="1.0"?><Error><Code>AccessDenied</Code><Message>';

const TROUBLES: Readonly<
  Record<
    string,
    {
      readonly set: (stage: Stage) => void;
      readonly code: string;
      readonly exit: number;
    }
  >
> = {
  'an answer of the API': {
    set: ({ work }) => void work.cloud.fault(call('DescribeInstances'), endlessAnswer('{"Response":{"x":"')),
    code: 'api-unavailable',
    exit: 3,
  },
  "the API's list, told to be as long as that": {
    set: ({ work }) => void work.cloud.fault(call('DescribeInstances'), endlessPages(1e9)),
    code: 'api-unavailable',
    exit: 3,
  },
  "the API's list, with long remarks": {
    set: ({ work }) =>
      void work.cloud.fault(call('DescribeInstances'), endlessPages(190_000, 'remark '.repeat(100))),
    code: 'api-unavailable',
    exit: 3,
  },
  'pages of the store that hold nothing': {
    set: ({ s3 }) =>
      void s3.fail({ on: 'ListObjectsV2', times: 1e9, effect: 'bare', answer: emptyPages('new') }),
    code: 'store-failed',
    exit: 3,
  },
  'one page of the store again and again': {
    set: ({ s3 }) =>
      void s3.fail({ on: 'ListObjectsV2', times: 1e9, effect: 'bare', answer: emptyPages('one') }),
    code: 'store-failed',
    exit: 3,
  },
  'a listing of the store': {
    set: ({ s3 }) =>
      void s3.fail({
        on: 'ListObjectsV2',
        nth: 2,
        times: 9,
        effect: 'endless',
        status: 200,
        beginning: LIST,
      }),
    code: 'store-failed',
    exit: 3,
  },
  'the first listing of the store': {
    set: ({ s3 }) =>
      void s3.fail({ on: 'ListObjectsV2', times: 9, effect: 'endless', status: 200, beginning: LIST }),
    code: 'store-failed',
    exit: 3,
  },
  'a refusal of the store': {
    set: ({ s3 }) =>
      void s3.fail({ on: 'PutObject', times: 99, effect: 'endless', status: 403, beginning: REFUSAL }),
    code: 'store-refused',
    exit: 3,
  },
  'a manifest': {
    set: ({ s3 }) =>
      void s3.fail({
        on: 'GetObject',
        key: 'catalog',
        times: 99,
        effect: 'endless',
        status: 200,
        beginning: '{',
      }),
    code: 'archive-damaged',
    exit: 4,
  },
  'a dump whose size was announced': {
    set: ({ work }) => void work.cloud.fault(download(), endlessDump()),
    code: 'download-failed',
    exit: 3,
  },
  'a dump of which nobody told the size': {
    set({ work }) {
      work.cloud.fault(download(), endlessDump());
      work.cloud.fault(
        call('DescribeBackupUrl'),
        changeJson((answer) => {
          for (const info of answer['BackupInfos'] as Record<string, unknown>[]) delete info['FileSize'];
        }),
      );
    },
    code: 'download-failed',
    exit: 3,
  },
  'a refusal of the download host': {
    set: ({ work }) => void work.cloud.fault(download(), endlessAnswer('<Error><Code>', 403)),
    code: 'link-refused',
    exit: 3,
  },
  'a redirect of the download host': {
    set: ({ work }) =>
      void work.cloud.fault(download(), endlessAnswer('moved', 302, { location: 'http://127.0.0.1:1/x' })),
    code: 'download-failed',
    exit: 3,
  },
};

describe.concurrent('what does not end is ended, and told:', () => {
  test.each(Object.entries(TROUBLES))(
    '%s',
    async (_, { set, code, exit }) => {
      const stage = await openStage();
      try {
        set(stage);
        const {
          code: status,
          errors,
          peak,
        } = await runIn(stage, { ARCHIVER_LARGEST_DUMP: '128MiB', ARCHIVER_ATTEMPTS: '1' });
        expect({ status, codes: errors.map((error) => error.code) }).toMatchObject({
          status: exit,
          codes: expect.arrayContaining([code]),
        });
        expect(peak).toBeGreaterThan(20);
        expect(peak).toBeLessThan(MEMORY_MB);
      } finally {
        await stage.work.close();
        await stage.s3.close();
      }
    },
    60_000,
  );
});
