/** What was seen of a real store, twice: by `check`, and by boto3, which must agree with it. */

import type { SettingSeen } from './settings.ts';

export type Facts = Readonly<Record<string, string | number | boolean>>;

export interface Measured {
  readonly name: string;
  readonly title: string;
  readonly version: string;
  /** What the facts of `check` say, by check and fact; `.verdict` is the verdict. */
  readonly check: Facts;
  /** What archives are proved by there under the profile `auto`, in words. */
  readonly proof: string;
  /** Profiles that `check` advises, if any. */
  readonly advised: string;
  /** The finding `object-lock` of a check with a lock configured, in a bucket made for that. */
  readonly checkOfLock: Facts;
  /** The same claims by boto3, and some that `check` does not make. */
  readonly boto3: Facts;
  readonly lock: Facts;
  /** By the names of `SETTINGS`; only where the server can be set so. */
  readonly settings?: Readonly<Record<string, SettingSeen>>;
}

/** One thing that both say. */
export interface Claim {
  readonly what: string;
  readonly check: Facts[string] | undefined;
  readonly boto3: Facts[string] | undefined;
}

/** Everything that `check` claims of this store and boto3 was asked too. */
export function claimsOf({ name, check, checkOfLock, boto3, lock, settings = {} }: Measured): Claim[] {
  const asked = Object.keys(boto3).filter((claim) => isMade(check, claim));
  const claims = asked.map((claim) => ({ what: claim, check: claimOf(check, claim), boto3: boto3[claim] }));
  const ofLock =
    checkOfLock['verdict'] === 'ok'
      ? [
          { what: 'object lock of a put', check: way(checkOfLock['locked']), boto3: lock['put'] },
          { what: 'object lock in parts', check: way(checkOfLock['locked-in-parts']), boto3: lock['parts'] },
          { what: 'object lock held', check: checkOfLock['held'], boto3: lock['held'] },
        ]
      : [
          {
            what: 'object lock',
            check: 'no use',
            boto3: lock['held'] === 'enforced' ? 'enforced' : 'no use',
          },
        ];
  const set = Object.entries(settings).flatMap(([setting, { felt, told }]) =>
    felt === undefined ? [] : [{ what: `setting ${setting}`, check: told, boto3: felt }],
  );
  return [...claims, ...ofLock, ...set].map((claim) => ({ ...claim, what: `${name}: ${claim.what}` }));
}

/** What `check` says that it did not try is no claim; but whether the store tells of object lock is asked all the same. */
function isMade(check: Facts, claim: string): boolean {
  const [name] = claim.split('.');
  return claim.includes('.') && (name === 'object-lock' || check[`${name}.verdict`] !== 'not-tried');
}

function claimOf(check: Facts, claim: string): Facts[string] | undefined {
  if (claim === 'aborted-uploads.sparesObject') return check['aborted-uploads.verdict'] === 'ok';
  if (claim !== 'object-lock.enabled') return check[claim];
  if (check['object-lock.verdict'] !== 'ok') return 'untold';
  return check[claim] === true ? 'on' : 'off';
}

function way(told: Facts[string] | undefined): Facts[string] | undefined {
  return told === 'with the upload' ? 'shown' : told === 'by a request of its own' ? 'dropped' : told;
}
