/** For tests of what comes over a link, whose hosts lie on this machine: links may lead there. */
import { createLinkPolicy } from '../../src/transfer/where-links-lead.ts';

export const linksAnywhere = createLinkPolicy({
  endpoints: [],
  allowed: ['127.0.0.0/8', '::1', 'localhost'],
});
