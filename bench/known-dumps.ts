/**
 * Holds `inspect` against dumps that others publish, of servers from 2.4 to 7.2: each must be whole and understood, and where a list of its
 * keys lies beside it, as long as that. None of them is in this repository, since their licences differ; what is not there is named.
 * Usage: node bench/known-dumps.ts [FOLDER], the folder that they lie below: the home directory where absent
 */
import { createReadStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { inspectBytes } from '../src/inspect/inspect.ts';

const SOURCES = [
  {
    folder: 'go/pkg/mod/github.com/hdt3213/rdb@v1.2.0/cases',
    fetch: 'go mod download github.com/hdt3213/rdb@v1.2.0',
  },
  {
    folder: 'go/pkg/mod/github.com/cupcake/rdb@v0.0.0-20161107195141-43ba34106c76/fixtures',
    fetch: 'go mod download github.com/cupcake/rdb@v0.0.0-20161107195141-43ba34106c76',
  },
  {
    folder: 'rdb-0.4.0/tests/dumps',
    fetch: 'cargo info rdb@0.4.0 && tar xzf ~/.cargo/registry/cache/*/rdb-0.4.0.crate -C ~',
  },
];

/** What is wrong with it; undefined for nothing. */
async function problemOf(path: string): Promise<string | undefined> {
  const { items, total } = await inspectBytes(path, createReadStream(path), { asOf: Date.now(), top: 1 });
  const [item] = items;
  if (item?.result !== 'ok') return `${item?.result}: ${item?.detail}`;
  const list = path.replace(/\.rdb$/, '.json');
  if (!existsSync(list)) return undefined;
  const expected = (JSON.parse(readFileSync(list, 'utf8')) as unknown[]).length;
  return total.keys === expected ? undefined : `${total.keys} keys where ${expected} were expected`;
}

const root = process.argv[2] ?? homedir();
for (const { folder, fetch } of SOURCES) {
  const place = join(root, folder);
  if (!existsSync(place)) {
    console.log(`${folder}: not there; fetch it by: ${fetch}`);
    continue;
  }
  const dumps = readdirSync(place).filter((name) => name.endsWith('.rdb'));
  for (const name of dumps) {
    const problem = await problemOf(join(place, name));
    if (problem === undefined) continue;
    process.exitCode = 1;
    console.log(`${folder}/${name}: ${problem}`);
  }
  console.log(`${folder}: ${dumps.length} dumps read`);
}
