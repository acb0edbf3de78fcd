/** What can go wrong with an API call, in whichever dialect it was made. */
import { type Exchange, jsonReply, type Reply, textReply } from '../../src/sandbox/exchange.ts';
import type { Fault } from './cloud.ts';

/** An answer in the API's error form: API 3.0's code, and API 2.0's. */
export function refused(v3Code: string, v2Code: number, message = 'the fault refuses'): Fault {
  return async (exchange) => refusal(exchange, v3Code, v2Code, message);
}

export function throttled(): Fault {
  return refused('RequestLimitExceeded', 4400, 'too many requests');
}

export function internalError(): Fault {
  return refused('InternalError.DbOperationFailed', 6000, 'internal error');
}

/** The account may not call this action. */
export function denied(): Fault {
  return refused('UnauthorizedOperation.NoCAMAuthed', 4101, 'not authorised');
}

/** The backup is being worked on: it became so between the list and the link. */
export function backupNotReady(): Fault {
  return refused('ResourceUnavailable.BackupStatusInvalid', 10711, 'the backup is not ready');
}

export function backupGone(): Fault {
  return refused('InvalidParameterValue.BackupNotExists', 11213, 'the backup does not exist');
}

/** The instance is not there (any more), under a prefix that elsewhere means an outage. */
export function instanceGone(): Fault {
  return refused('InternalError.InstanceNotFoundError', 10701, 'the instance does not exist');
}

/** A gateway's page in place of the API's answer. */
export function notJson(status = 200): Fault {
  return async () => textReply(status, 'text/html', '<html><body>Bad gateway</body></html>');
}

export function emptyAnswer(status = 200): Fault {
  return async () => textReply(status, 'application/json', '');
}

/** A listing that knows the filter of one status at a time only (API 3.0). */
export function statusListRefused(): Fault {
  return async (exchange, answer) => {
    const statuses = exchange.parameters['Status'];
    const several = Array.isArray(statuses) && statuses.length > 1;
    return several ? refusal(exchange, 'InvalidParameter', 11201, 'Status: one at a time') : answer(exchange);
  };
}

/** Every page is the first one again. */
export function firstPageAgain(): Fault {
  let page: string | undefined;
  return async (exchange, answer) => {
    page ??= await bodyOf(await answer(exchange));
    return textReply(200, 'application/json', page);
  };
}

/** The server gives so many rows a page at the most, whatever is asked for. */
export function smallPages(rows: number): Fault {
  return (exchange, answer) => {
    const { parameters } = exchange;
    const Limit = Math.min(rows, Number(parameters['Limit']));
    return answer({ ...exchange, parameters: { ...parameters, Limit } });
  };
}

/** A page behind the first has no rows, although the total says that there are some. */
export function pageLost(): Fault {
  return async (exchange, answer) => {
    if (Number(exchange.parameters['Offset']) === 0) return answer(exchange);
    const lose = changeJson((json) => {
      for (const [name, value] of Object.entries(json)) if (Array.isArray(value)) json[name] = [];
    });
    return lose(exchange, answer);
  };
}

/** The links to one file lead elsewhere (API 3.0). */
export function linksTo(file: string, change: (address: string) => string): Fault {
  return changeJson((answer) => {
    for (const info of (answer['BackupInfos'] ?? []) as Record<string, string>[]) {
      if (info['FileName'] !== file) continue;
      for (const name of ['DownloadUrl', 'InnerDownloadUrl']) info[name] = change(info[name] ?? '');
    }
  });
}

/** Does something, say to the world, before the call is answered. */
export function before(action: () => void): Fault {
  return (exchange, answer) => {
    action();
    return answer(exchange);
  };
}

/** The answer's JSON, changed in place or replaced: for the oddities of the documentation. */
export function changeJson(change: (answer: Record<string, unknown>) => void): Fault {
  return async (exchange, answer) => {
    const json = JSON.parse(await bodyOf(await answer(exchange))) as Record<string, unknown>;
    change((json['Response'] ?? json) as Record<string, unknown>);
    return jsonReply(json);
  };
}

/** API 3.0 as it was: parallel arrays of links, and no `BackupInfos`. */
export function oldUrlArrays(): Fault {
  return changeJson((answer) => {
    delete answer['BackupInfos'];
  });
}

function refusal({ kind }: Exchange, v3Code: string, v2Code: number, message: string): Reply {
  if (kind === 'tencent-v2') return jsonReply({ code: v2Code, message, codeDesc: 'Fault' });
  return jsonReply({ Response: { Error: { Code: v3Code, Message: message }, RequestId: 'fault' } });
}

async function bodyOf(reply: Reply): Promise<string> {
  const chunks = [];
  for await (const chunk of reply.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
