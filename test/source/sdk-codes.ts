/**
 * Compares the error codes of the cloud's own SDK with our table: `node test/source/sdk-codes.ts [VERSION | latest | FILE.whl]`. Ends with 1, and
 * names them, where a code has been judged by its prefix alone. CI runs it with the version below; `latest` shows what is new.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isJudgedV3 } from '../../src/source/api-errors.ts';

const PACKAGE = 'tencentcloud-sdk-python-redis';

/** The newest when the table was last gone through. */
const VERSION = '3.1.189';

const CODES = 'tencentcloud/redis/v20180412/errorcodes.py';

/** Prints the file out of the package; Python, for it comes with pip and reads wheels, which Node does not. */
const READ = 'import sys, zipfile; sys.stdout.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]).decode())';

const [wanted = VERSION] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'sdk-codes-'));
try {
  const wheel = wanted.endsWith('.whl') ? wanted : download(wanted);
  const codes = [...python('-c', READ, wheel, CODES).matchAll(/^[A-Z_]+ = '([^']+)'$/gm)].map(
    ([, code = '']) => code,
  );
  const open = codes.filter((code) => !isJudgedV3(code));
  // So that a package of another shape does not pass as one without news.
  if (codes.length === 0) throw new Error(`${wheel} holds no codes in ${CODES}`);
  for (const code of open) process.stdout.write(`not in src/source/api-errors.ts: ${code}\n`);
  process.stdout.write(`${PACKAGE} ${wanted}: ${codes.length} codes, ${open.length} not in the table\n`);
  process.exitCode = open.length === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function download(version: string): string {
  const requirement = version === 'latest' ? PACKAGE : `${PACKAGE}==${version}`;
  python(
    '-m',
    'pip',
    'download',
    '--quiet',
    '--no-deps',
    '--only-binary',
    ':all:',
    '--dest',
    folder,
    requirement,
  );
  const [name = ''] = readdirSync(folder);
  return join(folder, name);
}

function python(...args: readonly string[]): string {
  return execFileSync('python3', args, { encoding: 'utf8' });
}
