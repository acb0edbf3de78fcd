/** One file of an archive through a drill: fetched and proved, then into the servers at hand that load such a dump. */
import type { Demand } from './assertions.ts';
import { chooseServers, type ServerAtHand } from './choose-server.ts';
import { compatibility } from './compatibility.ts';
import { type DumpToLoad, dumpToLoad } from './dump-to-load.ts';
import { type FetchPorts, type FileToFetch, fetchDump, type NoDump } from './fetch-dump.ts';
import { availableMemory, spaceShortage } from './resources.ts';
import { openScratch } from './scratch.ts';
import type { ModulePorts, ModulesOf } from './server-modules.ts';
import type { ServerProgram } from './server-program.ts';
import { type FileDrill, loadIntoOne } from './try-servers.ts';

export interface FileDrillPorts extends FetchPorts, ModulePorts {
  readonly modulesOf: ModulesOf;
}

/** Rejects with the signal's reason, or when the destination cannot be reached at all. */
export async function drillFile(
  toFetch: FileToFetch,
  servers: readonly ServerProgram[],
  demands: readonly Demand[],
  ports: FileDrillPorts,
  signal: AbortSignal,
): Promise<FileDrill> {
  const scratch = openScratch(ports.directory);
  const stopped = (why: NoDump): FileDrill => ({ kind: 'stopped', ...why, trials: [] });
  try {
    // Before the download: what is read into the page cache would look taken.
    const memory = availableMemory();
    const shortage = spaceShortage(toFetch.file.size, await scratch.free(), scratch.folder);
    if (shortage !== undefined) return stopped({ reason: 'no-space', detail: shortage });
    const fetched = await fetchDump(toFetch, scratch, ports, signal);
    if ('reason' in fetched) return stopped(fetched);
    const { census, format, opened } = fetched;
    const dump = dumpToLoad(census, format);
    const choice = chooseServers(dump, await withModules(dump, servers, ports, signal));
    const load = { dump, census, demands, folder: scratch.folder, memory };
    const drilled = await loadIntoOne(choice, load, ports, signal);
    return drilled.kind === 'loaded' && opened !== undefined ? { ...drilled, opened } : drilled;
  } finally {
    scratch.remove();
  }
}

/** Only where a dump needs some is a server started to ask it for its modules. */
async function withModules(
  dump: DumpToLoad,
  servers: readonly ServerProgram[],
  { modulesOf }: FileDrillPorts,
  signal: AbortSignal,
): Promise<ServerAtHand[]> {
  const atHand: ServerAtHand[] = [];
  for (const server of servers) {
    const ask = dump.modules.length > 0 && compatibility(dump, server).kind !== 'cannot';
    const modules = ask ? await modulesOf(server, signal) : undefined;
    atHand.push({ ...server, ...(modules && { modules }) });
  }
  return atHand;
}
