/** For Stryker: what a person reads is not mutated. Changing a message or a hint breaks no promise, and no test should repeat it. */

/** As much of Babel's `NodePath` as is needed; Stryker hands it over as an opaque type. */
interface Path {
  readonly node: Node;
  readonly key?: string | number | null;
  readonly parentPath?: Path | null;
}

interface Node {
  readonly type: string;
  readonly callee?: { readonly name?: string };
  readonly key?: { readonly name?: string };
  readonly id?: { readonly name?: string };
}

const TEXTS = new Set(['StringLiteral', 'TemplateLiteral']);
/** Properties and constants that hold words. */
const WORDS = new Set(['hint', 'message', 'what', 'cause', 'problem', 'detail', 'reason', 'why']);
/** `new FileRestart('…')`, a function that makes one, and the row of the table of errors. */
const SPEAKERS = /Error$|^FileRestart$|^TooSlow$|^damaged$|^row$/;

/** Between a text and what says it: `a ? 'one' : 'other'`, `'one' + 'other'`. */
const TRANSPARENT = new Set(['ConditionalExpression', 'BinaryExpression', 'LogicalExpression']);

function isWords(path: Path): boolean {
  let child = path;
  let parent = path.parentPath;
  while (parent && TRANSPARENT.has(parent.node.type)) {
    child = parent;
    parent = parent.parentPath;
  }
  // Arguments are elements of a list, which Babel puts into no path of its own.
  const { type, callee, key, id } = parent?.node ?? { type: '' };
  if (type === 'VariableDeclarator') return WORDS.has(id?.name ?? '');
  if (type === 'ObjectProperty') return child.key === 'value' && WORDS.has(key?.name ?? '');
  if (type !== 'NewExpression' && type !== 'CallExpression') return false;
  const isCode = child.key === 0 && callee?.name === 'ArchiverError';
  return SPEAKERS.test(callee?.name ?? '') && !isCode;
}

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'words',
    value: {
      shouldIgnore: (path: Path): string | undefined =>
        TEXTS.has(path.node.type) && isWords(path) ? 'words for people' : undefined,
    },
  },
];
