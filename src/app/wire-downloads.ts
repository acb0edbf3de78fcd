/** Part of the composition root: how the dumps of each source are downloaded, and where its links may lead. */
import type { Config } from '../config/schema.ts';
import type { Clock } from '../domain/clock.ts';
import { createAgents } from '../network/agents.ts';
import { createHttpGet } from '../transfer/choose-transport.ts';
import type { HttpGet } from '../transfer/http-get.ts';
import { createLinkPolicy } from '../transfer/where-links-lead.ts';

export interface Downloads {
  /** For links of this source. */
  of(source: string): HttpGet;
  destroy(): void;
}

/**
 * A source whose API somebody has put on this machine or into a private network has its dumps there too; the links of all others lead to no such place.
 * Each has connections of its own: where one leads that another client has opened, nobody has looked.
 */
export function createDownloads(
  { sources, allowedHosts, environment }: Pick<Config, 'sources' | 'allowedHosts' | 'environment'>,
  clock: Clock,
): Downloads {
  const each = sources.map(({ name, endpoint, region }) => {
    const agents = createAgents(environment, clock);
    const endpoints = endpoint === undefined ? [] : [endpoint.replaceAll('{region}', region)];
    const policy = createLinkPolicy({ endpoints, allowed: allowedHosts });
    return { name, agents, get: createHttpGet(agents, clock, policy) };
  });
  const gets = new Map(each.map(({ name, get }) => [name, get]));
  return {
    of(source) {
      const get = gets.get(source);
      if (!get) throw new Error(`no source is named ${source}`);
      return get;
    },
    destroy() {
      for (const { agents } of each) agents.destroy();
    },
  };
}
