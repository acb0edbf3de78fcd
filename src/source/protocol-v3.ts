/** One call of API 3.0: JSON in a POST, signed in its headers; the answer lies under `Response`. */
import { judgeV3 } from './api-errors.ts';
import { fieldsOf, textOf } from './json-fields.ts';
import type { Protocol } from './protocol.ts';
import { tc3Authorization } from './signature.ts';

const CONTENT_TYPE = 'application/json; charset=utf-8';

/** From the actions' own pages of the API documentation, requests a second and account. */
const QUOTAS = { DescribeInstances: 35, DescribeInstanceBackups: 20, DescribeBackupUrl: 20 };

export function v3Protocol(endpoint: string, region: string): Protocol {
  const url = `${endpoint}/`;
  const { host } = new URL(url);

  return {
    quotas: QUOTAS,

    sign({ action, parameters, credentials, timestamp }) {
      const body = JSON.stringify(parameters);
      const authorization = tc3Authorization({
        secretId: credentials.secretId,
        secretKey: credentials.secretKey.reveal(),
        host,
        service: 'redis',
        action,
        contentType: CONTENT_TYPE,
        payload: body,
        timestamp,
      });
      const headers = {
        authorization,
        'content-type': CONTENT_TYPE,
        'x-tc-action': action,
        'x-tc-version': '2018-04-12',
        'x-tc-region': region,
        'x-tc-timestamp': String(timestamp),
        'x-tc-language': 'en-US',
        ...(credentials.token && { 'x-tc-token': credentials.token.reveal() }),
      };
      return { url, headers, body };
    },

    read(body) {
      if (typeof body['Response'] !== 'object') return undefined;
      const data = fieldsOf(body['Response']);
      const error = fieldsOf(data['Error']);
      const code = textOf(error['Code']);
      if (code === '') return { ok: true, data };
      const message = `${code}: ${textOf(error['Message'])} (request ${textOf(data['RequestId'])})`;
      return { ok: false, verdict: judgeV3(code), message };
    },
  };
}
