/** What an expire has come to so far: problems, exit codes, and whether the store can still be reached. */
import type { ArchiverError } from '../domain/errors.ts';
import type { ExpireItem, ExpireReport } from './report.ts';

/** The keys of one archive as they go. */
export interface RemovalTrace {
  readonly keys: readonly string[];
  deleted(key: string, bytesStay: boolean): void;
}

export interface Tally {
  readonly problems: ExpireReport['problems'];
  readonly codes: ReadonlySet<number>;
  bytesStay(): boolean;
  /** Whether anything was deleted. */
  began(): boolean;
  /** The error that says that the store is not there any more: nothing more is tried then. */
  lost(): ArchiverError | undefined;
  lose(error: ArchiverError): void;
  /** Tells at once that it has gone; the row that says so. */
  removed(item: ExpireItem): ExpireItem;
  /** Tells at once that it could not go; the row that says why. */
  failed(item: ExpireItem, error: ArchiverError): ExpireItem;
  /** Tells a problem once, with the exit status that it means. */
  problem(error: Pick<ArchiverError, 'message' | 'hint'>, code: number): void;
  learn(bytesStay: boolean): void;
  removal(): RemovalTrace;
}

export function createTally(onRemoval: (item: ExpireItem) => void = () => {}): Tally {
  const problems = new Map<string, { readonly message: string; readonly hint: string }>();
  const codes = new Set<number>();
  let [stay, began] = [false, false];
  let lost: ArchiverError | undefined;

  function problem({ message, hint }: Pick<ArchiverError, 'message' | 'hint'>, code: number): void {
    problems.set(message, { message, hint });
    codes.add(code);
  }

  return {
    get problems() {
      return [...problems.values()];
    },
    codes,
    bytesStay: () => stay,
    began: () => began,
    lost: () => lost,
    lose(error) {
      lost = error;
    },
    removed(item) {
      onRemoval(item);
      return item;
    },
    failed(item, error) {
      if (error.code === 'store-unreachable') lost = error;
      const failed: ExpireItem = { ...item, action: 'failed', detail: error.message };
      onRemoval(failed);
      problem(error, 3);
      return failed;
    },
    problem,
    learn(bytesStay) {
      stay ||= bytesStay;
    },
    removal() {
      const keys: string[] = [];
      return {
        keys,
        deleted(key, bytesStay) {
          keys.push(key);
          began = true;
          stay ||= bytesStay;
        },
      };
    },
  };
}
