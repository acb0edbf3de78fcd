/** One GET over got, as a stream and nothing more: no retry, no decompression; what the answer means is decided elsewhere. */
import { once } from 'node:events';
import type http from 'node:http';
import type https from 'node:https';
import got from 'got';
import { describeNetworkError, type GetAnswer, type GetRequest } from './http-get.ts';
import { type LinkPolicy, linkRefusalOf } from './where-links-lead.ts';

/** The agents bring keep-alive and the proxies of the environment. */
export function createGotGet(
  agents: { readonly http: http.Agent; readonly https: https.Agent },
  policy: Pick<LinkPolicy, 'lookup'>,
): (request: GetRequest, proxied?: boolean) => Promise<GetAnswer> {
  return async ({ link, headers, timeoutMs, signal }, proxied = false) => {
    const stream = got.stream(link.reveal(), {
      // Got refuses an agent object with any other member.
      agent: { http: agents.http, https: agents.https },
      headers: { 'accept-encoding': 'identity', ...headers },
      decompress: false,
      throwHttpErrors: false,
      retry: { limit: 0 },
      // Where one leads is looked at before it is followed.
      followRedirect: false,
      // Through a proxy the name that is looked up here is the proxy's.
      ...(!proxied && { dnsLookup: policy.lookup as never }),
      timeout: { lookup: timeoutMs, connect: timeoutMs, secureConnect: timeoutMs, response: timeoutMs },
      signal,
    });
    // An error between two reads would otherwise end the process; the iterator reports it at the next read.
    stream.on('error', () => {});
    try {
      const [response] = (await once(stream, 'response')) as [http.IncomingMessage];
      const head = { status: response.statusCode ?? 0, headers: flatten(response.headers) };
      return { head, body: stream, discard: () => stream.destroy() };
    } catch (error) {
      stream.destroy();
      throw linkRefusalOf(error) ?? new Error(describeNetworkError(error));
    }
  };
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string | undefined> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}
