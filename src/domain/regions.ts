/** The cloud's region names: API 2.0's short ones, and the long ones that we store. */

/**
 * Short to long, as both forms appear in the official examples and alias tables of the two APIs.
 * Not complete and never will be: a long name that is missing here is still a good one.
 */
const LONG_NAMES: Readonly<Record<string, string>> = {
  gz: 'ap-guangzhou',
  gzopen: 'ap-guangzhou-open',
  sh: 'ap-shanghai',
  shjr: 'ap-shanghai-fsi',
  bj: 'ap-beijing',
  bjjr: 'ap-beijing-fsi',
  szx: 'ap-shenzhen',
  szjr: 'ap-shenzhen-fsi',
  nj: 'ap-nanjing',
  cd: 'ap-chengdu',
  cq: 'ap-chongqing',
  hk: 'ap-hongkong',
  tpe: 'ap-taipei',
  sg: 'ap-singapore',
  th: 'ap-bangkok',
  in: 'ap-mumbai',
  kr: 'ap-seoul',
  jp: 'ap-tokyo',
  jkt: 'ap-jakarta',
  usw: 'na-siliconvalley',
  use: 'na-ashburn',
  ca: 'na-toronto',
  de: 'eu-frankfurt',
  sao: 'sa-saopaulo',
};

/** In the region lists of the cloud's SDKs (both sites' Go ones) without a short name in the alias tables that we have seen. */
const LONG_ONLY = ['eu-moscow'];

/** Every name we know, short and long, of the Chinese and the international site, for suggestions. */
export const regionNames: readonly string[] = [
  ...Object.keys(LONG_NAMES),
  ...Object.values(LONG_NAMES),
  ...LONG_ONLY,
];

/** Whether we have seen the cloud name it; one that we have not may be there all the same. `name` is the long one. */
export function isKnownRegion(name: string): boolean {
  return regionNames.includes(name);
}

/** `gz` to `ap-guangzhou`; any other name is given back as it is. */
export function longRegion(name: string): string {
  return Object.hasOwn(LONG_NAMES, name) ? (LONG_NAMES[name] ?? name) : name;
}
