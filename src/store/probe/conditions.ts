/** Probes of put-if-absent: does a put, and does a Complete, fail where something lies already. */
import { passed, warned } from '../../domain/check.ts';
import { IF_NONE_MATCH, PROFILES, type ProviderProfile } from '../s3/provider-profile.ts';
import type { Attempt, Probe, ProbeContext } from './context.ts';
import { abort, beginUpload, bytesAt, complete, put, sendOnePart } from './requests.ts';

type Condition = NonNullable<ProviderProfile['ifAbsent']>;
type Honour = 'honoured' | 'ignored' | 'refused';

const FIRST = Buffer.from('the first bytes stay\n');
const SECOND = Buffer.from('the second bytes must not replace them\n');

/** Every spelling that some store knows. */
const CONDITIONS: readonly Condition[] = [
  ...new Map(
    Object.values(PROFILES)
      .flatMap(({ ifAbsent }) => (ifAbsent ? [ifAbsent] : []))
      .map((condition) => [condition[0], condition]),
  ).values(),
];

/** What is left when two runs archive one backup at the same moment in a store that cannot decide between them. */
const RACE =
  'Two runs that finish the same backup within the same moment may both report it archived, and the later manifest stays. ' +
  'Nothing is lost: the dumps of both are the same. Let one run at a time work on an instance to rule it out.';

export const probePutIfAbsent: Probe = async (context) => {
  const { profile } = context.bucket;
  const answers: Record<string, Honour> = {};
  for (const condition of CONDITIONS) answers[condition[0]] = await honourOfPut(context, 'absent', condition);
  const ifAbsent = Object.keys(answers).filter((name) => answers[name] === 'honoured');
  const [mine] = profile.ifAbsent ?? [];
  const traits = { ifAbsent };
  if (mine !== undefined && answers[mine] === 'honoured') {
    const detail = profile.ifAbsentHonoured
      ? `honoured (${mine}): of two runs exactly one commits`
      : `honoured (${mine}), which the profile does not rely on`;
    return { finding: passed('put-if-absent', detail, answers), traits };
  }
  const said = mine === undefined ? 'the profile sends no condition' : `${mine} is ${answers[mine]}`;
  const known = ifAbsent.length > 0 ? `; ${ifAbsent.join(', ')} would be honoured` : '';
  const relied = profile.ifAbsentHonoured && profile.ifAbsentAmongVersions;
  const claimed = relied
    ? ', although the profile counts on it: the program looks before and after'
    : ', so the program looks before and after';
  return { finding: warned('put-if-absent', `${said}${claimed}${known}`, RACE, answers), traits };
};

/** Dumps need no condition, since both runs' bytes are the same; good to know all the same. */
export const probeCompleteIfAbsent: Probe = async (context) => {
  const [name] = IF_NONE_MATCH;
  const honour = await honourOfComplete(context);
  const detail = `${name} is ${honour}; no archive depends on it`;
  return { finding: passed('put-if-absent-on-complete', detail, { [name]: honour }) };
};

/** Seven requests. What was refused is given up after the look at what lies there: with it S3Mock deletes that. */
async function honourOfComplete(context: ProbeContext): Promise<Honour> {
  const name = 'complete';
  const first = await put(context, name, FIRST);
  const begun = await beginUpload(context, name);
  if (!first.ok || !begun.ok) return 'refused';
  const part = await sendOnePart(context, name, begun.output, { bytes: SECOND });
  const second = part.ok
    ? await complete(context, name, begun.output, [part.output], { header: IF_NONE_MATCH })
    : part;
  const honour = await honourOf(context, name, second);
  if (!second.ok) await abort(context, name, begun.output);
  return honour;
}

/** What a store makes of a condition at a key where an object lies. Three requests. */
export async function honourOfPut(
  context: ProbeContext,
  name: string,
  condition: Condition,
): Promise<Honour> {
  const first = await put(context, name, FIRST);
  if (!first.ok) return 'refused';
  return honourOf(context, name, await put(context, name, SECOND, { header: condition }));
}

/** Honoured: refused as it should be (412, or 409 of COS and OSS) and the first bytes stay. Refused: not known (400, 501). */
async function honourOf(context: ProbeContext, name: string, second: Attempt<unknown>): Promise<Honour> {
  const back = await bytesAt(context, name);
  if (second.ok || (back.ok && back.output.equals(SECOND))) return 'ignored';
  const isConflict = second.answer?.status === 412 || second.answer?.code === 'FileAlreadyExists';
  return isConflict && back.ok && back.output.equals(FIRST) ? 'honoured' : 'refused';
}
