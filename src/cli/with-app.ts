/** Puts the application together for one command, and takes it apart again however the command ends. */
import type { App } from '../app/app.ts';
import type { Config } from '../config/schema.ts';
import { printable } from '../domain/outside-text.ts';
import { fanOut } from '../report/fan-out.ts';
import type { Observer } from '../report/observer.ts';
import { createListeners } from './listeners.ts';
import type { Surroundings } from './surroundings.ts';

/** For commands that print what they find: warnings go to standard error, and nothing else is told on the way. */
export async function withQuietApp<Result>(
  config: Config,
  { createApp, clock, stderr }: Surroundings,
  use: (app: App) => Promise<Result>,
): Promise<Result> {
  const app = await createApp(config, {
    clock,
    observer(event) {
      if (event.type === 'warning')
        stderr.write(`${printable(`warning: ${event.message}${event.hint ? ` ${event.hint}` : ''}`)}\n`);
    },
  });
  try {
    return await use(app);
  } finally {
    await app.close();
  }
}

/** For commands that move backups: every event is told, as log lines or as progress, and to further listeners. */
export async function withApp<Result>(
  config: Config,
  surroundings: Surroundings,
  use: (app: App, observer: Observer) => Promise<Result>,
  further: readonly Observer[] = [],
): Promise<Result> {
  const listeners = await createListeners(config.log, surroundings);
  const observer = fanOut([listeners.observer, ...further]);
  try {
    const app = await surroundings.createApp(config, { clock: surroundings.clock, observer });
    try {
      return await use(app, observer);
    } finally {
      await app.close();
    }
  } finally {
    listeners.close();
  }
}
