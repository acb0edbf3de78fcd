/** One call of API 2.0: a form in a POST, its signature one of the parameters; the answer tells success by `code` 0. */
import { randomInt } from 'node:crypto';
import { judgeV2 } from './api-errors.ts';
import { type Fields, textOf } from './json-fields.ts';
import type { Protocol } from './protocol.ts';
import { v2Signature } from './signature.ts';

const PATH = '/v2/index.php';

export function v2Protocol(endpoint: string, region: string): Protocol {
  const url = `${endpoint}${PATH}`;
  const { host, pathname } = new URL(url);
  // None may be used twice: they count up, and from another start in each process.
  let nonce = randomInt(2 ** 30);

  return {
    quotas: {}, // no numbers are published

    sign({ action, parameters, credentials, timestamp }) {
      nonce += 1;
      const unsigned: Record<string, string> = {
        ...texts(parameters),
        Action: action,
        Region: region,
        Timestamp: String(timestamp),
        Nonce: String(nonce),
        SecretId: credentials.secretId,
        SignatureMethod: 'HmacSHA256',
        ...(credentials.token && { Token: credentials.token.reveal() }),
      };
      const secretKey = credentials.secretKey.reveal();
      const signature = v2Signature({
        method: 'POST',
        host,
        path: pathname,
        parameters: unsigned,
        secretKey,
      });
      return {
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: formOf({ ...unsigned, Signature: signature }),
      };
    },

    read(body) {
      const code = textOf(body['code']);
      if (!/^-?\d+$/.test(code)) return undefined;
      if (Number(code) === 0) return { ok: true, data: body };
      const message = textOf(body['message']);
      const description = [code, textOf(body['codeDesc']), message].filter((part) => part !== '').join(' ');
      return { ok: false, verdict: judgeV2(code, message), message: description };
    },
  };
}

function texts(parameters: Fields): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, textOf(value)]));
}

/** Values are encoded once: encoded twice, the signature fails (4100). */
function formOf(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}
