/** The settings of restore tests: where the throw-away server comes from, and what must be in the archives of which instances. */
import { z } from 'zod';
import { duration, integer, patterns, setting, text } from './fields.ts';
import { sourceShape } from './settings.ts';

const DAY = 86_400_000;

/** What is demanded of the archives of some instances. */
export const drillRuleShape = {
  instances: setting(patterns('instance ids or globs').min(1).prefault(['*']), {
    meaning: 'Instances that the rule is for, by id or glob.',
  }),
  exclude: setting(patterns('instance ids or globs').prefault([]), {
    meaning: 'Instances that it is not for, by id or glob.',
  }),
  names: setting(patterns('names or globs').prefault([]), {
    meaning: 'Only instances whose name, when they were archived, was one of these; all where empty.',
  }),
  tags: setting(sourceShape.tags, { meaning: 'Only instances that carried all of these tags then.' }),
  database: setting(integer({ min: 0, max: 65_535 }).prefault(0), {
    meaning: 'The database in which keys are looked for and scripts run.',
  }),
  minimumKeys: setting(integer({ min: 0, max: Number.MAX_SAFE_INTEGER }).exactOptional(), {
    meaning: 'Keys that the archive must hold at least, over all databases and shards, expired ones too.',
  }),
  exists: setting(patterns('key names').prefault([]), {
    meaning: 'Keys that must be there; in a cluster in any shard. One that has expired since is not there.',
  }),
  ttl: setting(
    z
      .array(
        z.strictObject(
          {
            key: text(/^[\s\S]+$/, 'the name of a key'),
            atLeast: duration({ min: 0, max: 36_500 * DAY }, 'of at most 36500d').exactOptional(),
            atMost: duration({ min: 0, max: 36_500 * DAY }, 'of at most 36500d').exactOptional(),
          },
          { error: 'expected a mapping with `key`' },
        ),
        { error: 'expected a list of mappings with `key`' },
      )
      .prefault([]),
    {
      meaning:
        'Keys that must be there and must expire: `key`, and `atLeast` and `atMost` where the time left matters.',
    },
  ),
  scripts: setting(
    z
      .array(
        z.strictObject(
          { name: text(/\S/, 'a name'), lua: text(/\S/, 'a Lua script') },
          { error: 'expected a mapping with `name` and `lua`' },
        ),
        { error: 'expected a list of mappings with `name` and `lua`' },
      )
      .prefault([]),
    {
      meaning:
        'Lua scripts (`name`, `lua`) that must return neither nil, false, 0 nor an empty text; in a cluster in any shard. They cannot write.',
    },
  ),
};

export const drillShape = {
  server: setting(text(/\S/, 'a path or the name of a program').exactOptional(), {
    variable: 'ARCHIVER_DRILL_SERVER',
    meaning:
      'The only server to load archives into, by path or name; where absent, the one that fits each dump of `servers` and those in `PATH`.',
  }),
  servers: setting(patterns('paths or names of programs').prefault([]), {
    variable: 'ARCHIVER_DRILL_SERVERS',
    form: 'list',
    meaning:
      'Servers to choose from, by path or name, before the `redis-server`, `valkey-server` and `keydb-server` in `PATH`.',
  }),
  directory: setting(text(/^\//, 'an absolute path').exactOptional(), {
    variable: 'ARCHIVER_DRILL_DIRECTORY',
    meaning:
      "Folder with room for the largest dump; the system's temporary folder where absent. What is put there is removed again.",
  }),
};
