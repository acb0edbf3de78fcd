/** How long each address of a name may take to connect, where Node itself tries them one after another. */
import { setDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';

/**
 * Milliseconds. Node (24) gives each but the last 250, and reports none of them alive where the other end is farther away than that and the last is
 * an IPv6 address without a route (nodejs/node#54359). Below the 10 s that a whole connection may take, so that the next has its time too.
 */
const ATTEMPT_MS = 4000;

/** For the connections that are not made by our agents: those of the AWS SDK to where it finds keys. */
export function giveAddressesTime(): void {
  setDefaultAutoSelectFamilyAttemptTimeout(ATTEMPT_MS);
}
