/**
 * What the bundle owes to others, told by the bundler's own list of modules, so that it names what ships and nothing else: the licence and notices of each
 * package (`dist/THIRD-PARTY-NOTICES.txt`), and a bill of materials in CycloneDX (`dist/sbom.cdx.json`).
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LogLevel, Plugin, RolldownLog } from 'rolldown';
import sbom from 'rollup-plugin-sbom';

/** The folder of the package that a module is of, however deep it lies in other packages. */
const PACKAGE = /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/;
const TEXTS = /^(?:licen[cs]e|copying|notice)/i;
const LINE = '='.repeat(80);

/** The words of the licence, for packages that name it and come without its text. */
const WORDS: Readonly<Record<string, () => string>> = {
  'Apache-2.0': () => readFileSync('LICENSE', 'utf8').trim(),
  MIT: () => `MIT License

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the
"Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish,
distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the
following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY
CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE
SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
};

/** Whose they are, as the licence in their repositories says it: these packages come without its text. */
const HOLDERS: Readonly<Record<string, string>> = {
  // https://github.com/redis/node-redis/blob/master/LICENSE
  '@redis/client': 'Copyright (c) 2022-2025, Redis, inc.',
  // As the packages beside them say it, from the same repository (https://github.com/aws/aws-sdk-js-v3).
  '@aws-sdk/credential-provider-http':
    'Copyright 2018-2020 Amazon.com, Inc. or its affiliates. All Rights Reserved.',
  '@aws-sdk/credential-provider-login':
    'Copyright 2018-2020 Amazon.com, Inc. or its affiliates. All Rights Reserved.',
  '@aws-sdk/nested-clients': 'Copyright 2018-2020 Amazon.com, Inc. or its affiliates. All Rights Reserved.',
};

/** Both files. The build fails where a package came in without a licence text and nobody has looked whose it is. */
export const thirdParty = [
  {
    name: 'third-party-notices',
    generateBundle(_options, bundle) {
      const modules = Object.values(bundle).flatMap((part) => (part.type === 'chunk' ? part.moduleIds : []));
      const folders = new Set(modules.flatMap((id) => PACKAGE.exec(id) ?? []));
      const notices = [...new Set([...folders].map(noticeOf))].sort();
      const source = `rdb-archiver holds code of these packages, each under its own licence.\n\n${notices.join('\n')}`;
      this.emitFile({ type: 'asset', fileName: 'THIRD-PARTY-NOTICES.txt', source });
    },
  } satisfies Plugin,
  sbom({
    outDir: '',
    outFilename: 'sbom.cdx',
    includeWellKnown: false,
    // The same sources give the same file.
    saveTimestamp: false,
    afterCollect(bom) {
      // It names every bundler that it finds installed; this one comes with vitest, and bundles nothing here.
      for (const tool of bom.metadata.tools.tools)
        if (tool.name === 'vite') bom.metadata.tools.tools.delete(tool);
    },
  }),
];

/** Leaves out what the bill of materials tells of its own making: a line for each step, and a warning for each bundler that is not there. */
export function withoutChatter(
  level: LogLevel,
  log: RolldownLog,
  handle: (level: LogLevel, log: RolldownLog) => void,
): void {
  if (log.plugin !== 'rollup-plugin-sbom') handle(level, log);
}

function noticeOf(folder: string): string {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<
    'name' | 'version' | 'license',
    string
  >;
  const files = readdirSync(folder).filter((file) => TEXTS.test(file));
  const texts = files.map((file) => readFileSync(join(folder, file), 'utf8').trim());
  const [holder, words] = [HOLDERS[name], WORDS[license]];
  if (texts.length === 0) {
    if (holder === undefined || words === undefined)
      throw new Error(
        `${name} ${version} (${license}) comes without a licence text: see HOLDERS in third-party.ts`,
      );
    texts.push(holder, words());
  }
  return `${LINE}\n${name} ${version} (${license})\n${LINE}\n\n${texts.join('\n\n')}\n`;
}
