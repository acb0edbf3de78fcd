/**
 * The mutation score: Stryker changes the code in many small ways, and each time some test must fail. First with the tests of the part
 * itself, then (unless `--quick`) what survived with whole scenarios, which are slow. A sample says nearly the same in a fraction of the hours.
 * Usage: npm run mutation -- [PART | PART/FILE.ts …] [--sample 0.2] [--seed S] [--quick] [--force]
 * What was found out before is not tried again where neither code nor tests have changed; `--force` tries it all the same, and is needed when
 * a new test is to kill what lived in a constant.
 */
import { spawnSync } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { isTaken } from './sample.ts';

interface Part {
  readonly own: readonly string[];
  readonly scenarios: readonly string[];
}

const PARTS: Readonly<Record<string, Part>> = {
  domain: { own: [unit('domain')], scenarios: ['first-steps', 'odd-backups', 'status', 'check'] },
  plan: { own: [unit('plan')], scenarios: ['odd-backups', 'shards', 'some-sources'] },
  status: { own: [unit('status')], scenarios: ['status'] },
  expire: { own: [unit('expire')], scenarios: ['expire', 'expire-never', 'expire-interrupted'] },
  verify: { own: [unit('verify')], scenarios: ['verify', 'verify-cold', 'verify-signed'] },
  integrity: { own: [unit('integrity')], scenarios: ['broken-downloads', 'odd-backups'] },
  catalog: {
    own: [unit('catalog')],
    scenarios: ['catalog-trouble', 'quarantine', 'first-steps', 'status'],
  },
  transfer: {
    own: [unit('transfer')],
    scenarios: ['broken-downloads', 'trickle', 'limits', 'patience', 'interruption', 'quarantine'],
  },
  store: {
    own: [unit('store'), 'test/contract/object-store-s3.test.ts', 'test/contract/object-store-file.test.ts'],
    scenarios: ['store-trouble', 'sweep', 'check', 'folder', 'interruption', 'many-hands'],
  },
};
const REPORTS = 'reports/mutation';

const { values, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    sample: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    quick: { type: 'boolean', default: false },
    force: { type: 'boolean', default: false },
  },
});
process.env['MUTATION_SAMPLE'] = values.sample;
process.env['MUTATION_SEED'] = values.seed;

type Status = 'Killed' | 'Timeout' | 'Survived' | 'NoCoverage' | 'Ignored' | 'RuntimeError' | 'CompileError';
interface Place {
  readonly line: number;
  readonly column: number;
}
interface Mutant {
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly status: Status;
  /** How the first test failed. */
  readonly statusReason?: string;
  readonly location: { readonly start: Place; readonly end: Place };
}
type Files = Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;

function unit(part: string): string {
  return `test/${part}/**/*.test.ts`;
}

/** Mutates what `mutate` names and gives what came of each mutant. */
function stryker(mutate: readonly string[], tests: readonly string[], report: string): Files {
  const config = JSON.parse(readFileSync('stryker.config.json', 'utf8')) as object;
  const file = `${REPORTS}/${report}.config.json`;
  const settings = {
    ...config,
    mutate,
    checkers: ['sample'],
    force: values.force,
    jsonReporter: { fileName: `${REPORTS}/${report}.json` },
    incrementalFile: `${REPORTS}/${report}-${values.sample}-${values.seed}.incremental.json`,
  };
  mkdirSync(REPORTS, { recursive: true });
  writeFileSync(file, JSON.stringify(settings));
  const env = { ...process.env, MUTATION_TESTS: tests.join(',') };
  const { status } = spawnSync('stryker', ['run', file], { stdio: 'inherit', env });
  if (status !== 0) throw new Error(`Stryker ended in ${status}`);
  return (JSON.parse(readFileSync(settings.jsonReporter.fileName, 'utf8')) as { files: Files }).files;
}

const lives = ({ status }: Mutant): boolean => status === 'Survived' || status === 'NoCoverage';
/** Scenarios wait, and on a busy machine for long: there only a broken promise counts, and no time that ran out. */
const isKilled = ({ status, statusReason = '' }: Mutant): boolean =>
  status === 'Killed' && !statusReason.includes('timed out');
const idOf = (file: string, { location: { start, end }, mutatorName, replacement }: Mutant): string =>
  `${file}:${start.line}:${start.column}-${end.line}:${end.column} ${mutatorName} ${replacement}`;

/** Reports count lines and columns from 1. */
function isInSample(file: string, { location: { start, end }, ...mutant }: Mutant): boolean {
  const back = ({ line, column }: Place): Place => ({ line: line - 1, column: column - 1 });
  return isTaken({ ...mutant, fileName: file, location: { start: back(start), end: back(end) } });
}

/** Where the mutants are that live, as Stryker wants to be told. */
function placesOf(files: Files): string[] {
  const places = Object.entries(files).flatMap(([file, { mutants }]) =>
    mutants
      .filter((mutant) => lives(mutant) && isInSample(file, mutant))
      .map(
        ({ location: { start, end } }) =>
          `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
      ),
  );
  return [...new Set(places)];
}

function scenarioFiles(names: readonly string[]): string[] {
  return names.map((name) => `test/scenario/${name}.test.ts`);
}

function score(part: string, files: readonly string[], { own, scenarios }: Part): void {
  const tests = own.filter((pattern) => globSync(pattern).length > 0);
  const first = stryker(files, tests, part);
  const places = placesOf(first);
  const second =
    places.length > 0 && !values.quick ? stryker(places, scenarioFiles(scenarios), `${part}-survivors`) : {};
  const killedLater = new Set(
    Object.entries(second).flatMap(([file, { mutants }]) =>
      mutants.filter(isKilled).map((one) => idOf(file, one)),
    ),
  );
  let all = 0;
  const survivors: string[] = [];
  for (const [file, { mutants, source }] of Object.entries(first)) {
    const lines = source.split('\n');
    for (const mutant of mutants) {
      if (['Ignored', 'RuntimeError', 'CompileError'].includes(mutant.status)) continue;
      if (mutant.status === 'NoCoverage' && !isInSample(file, mutant)) continue;
      all += 1;
      if (!lives(mutant) || killedLater.has(idOf(file, mutant))) continue;
      survivors.push(`${idOf(file, mutant)}\n    ${lines[mutant.location.start.line - 1]?.trim()}`);
    }
  }
  writeFileSync(`${REPORTS}/${part}.survivors.txt`, `${survivors.join('\n')}\n`);
  const died = all - survivors.length;
  const rate = died / all;
  // Of a sample: so far may the score of all mutants lie from this one, nineteen times in twenty.
  const margin =
    Number(values.sample) < 1 ? ` ± ${(196 * Math.sqrt((rate * (1 - rate)) / all)).toFixed(1)}` : '';
  console.log(`${part}: ${died} of ${all} mutants died, ${(100 * rate).toFixed(1)}${margin} %`);
}

for (const [part, tests] of Object.entries(PARTS)) {
  const files = wanted.filter((word) => word.startsWith(`${part}/`)).map((word) => `src/${word}`);
  if (wanted.length === 0 || wanted.includes(part)) score(part, [`src/${part}/**/*.ts`], tests);
  else if (files.length > 0) score(part, files, tests);
}
