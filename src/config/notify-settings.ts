/** The settings of one receiver of notifications. Its address is a secret, so it stands in a variable and not here. */
import { z } from 'zod';
import { NOTIFIED_KINDS, PLACEHOLDERS, PRESET_NAMES } from '../domain/notification.ts';
import { choice, duration, setting, text } from './fields.ts';

const MINUTE = 60_000;
const DAY = 1440 * MINUTE;

export const notifyShape = {
  name: setting(
    text(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/, 'a name of letters, digits, . _ -').exactOptional(),
    { meaning: 'Name of the receiver in logs; `credentialsEnv` where absent.' },
  ),
  credentialsEnv: setting(text(/^[A-Z][A-Z0-9_]*$/, "the beginning of a variable's name"), {
    meaning:
      "Where its address is: `OPS_CHAT` reads `OPS_CHAT_URL`, and where the receiver wants them `OPS_CHAT_SECRET` (signs messages for `feishu` and `dingtalk`) and `OPS_CHAT_TOKEN` (a bearer token), or each one's `…_FILE`.",
  }),
  preset: setting(choice(['auto', ...PRESET_NAMES]).prefault('auto'), {
    variable: 'ARCHIVER_NOTIFY_PRESET',
    meaning:
      'What kind of receiver it is; `auto` tells by the host, and is `json` for a host that it does not know.',
  }),
  events: setting(
    z
      .array(choice(NOTIFIED_KINDS), { error: `expected a list of ${NOTIFIED_KINDS.join(', ')}` })
      .min(1, `expected at least one of ${NOTIFIED_KINDS.join(', ')}`)
      .prefault(['failure', 'recovery', 'risk', 'warning']),
    {
      variable: 'ARCHIVER_NOTIFY_ON',
      form: 'list',
      meaning:
        'What it is told of: `failure`, `recovery`, `risk` (a backup that the cloud is about to delete unarchived), `warning` (archives that only the cloud can open), `interrupted`.',
    },
  ),
  interval: setting(duration({ min: MINUTE, max: 30 * DAY }, 'from 1m to 30d').prefault('6h'), {
    variable: 'ARCHIVER_NOTIFY_INTERVAL',
    meaning: 'The same trouble is told again only after this long.',
  }),
  method: setting(choice(['POST', 'PUT']).prefault('POST'), { meaning: 'How the message is sent.' }),
  headers: setting(headers().prefault({}), { meaning: 'Further headers, none of them a secret.' }),
  template: setting(template().exactOptional(), {
    meaning: `Body in place of the preset's: a mapping is sent as JSON, a text as it is, and in their texts ${PLACEHOLDERS.map((name) => `\`{${name}}\``).join(' ')} are filled in.`,
  }),
};

/** Header names that hold credentials wherever they are used. */
const SECRET_HEADER = /^(authorization|proxy-authorization|cookie)$|token|secret|api-?key/i;

function headers() {
  const expected = 'expected a mapping of header names to texts';
  return z
    .record(
      z.string().regex(/^[A-Za-z0-9-]+$/),
      z.string({ error: expected }).regex(/^[\t\x20-\x7e]*$/, expected),
      { error: expected },
    )
    .refine((value) => !Object.keys(value).some((name) => SECRET_HEADER.test(name)), {
      error: 'expected no secret: a bearer token stands in the variable `…_TOKEN` of `credentialsEnv`',
    });
}

function template() {
  const expected = `expected a text or a mapping, with no other {placeholders} than ${PLACEHOLDERS.join(', ')}`;
  return z
    .union([z.string(), z.record(z.string(), z.unknown())], { error: expected })
    .refine((value) => unknownPlaceholders(value).length === 0, { error: expected });
}

function unknownPlaceholders(value: unknown): string[] {
  if (typeof value === 'string') {
    const names = [...value.matchAll(/\{([a-zA-Z]+)\}/g)].map(([, name = '']) => name);
    return names.filter((name) => !PLACEHOLDERS.some((known) => known === name));
  }
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(unknownPlaceholders) : [];
}
