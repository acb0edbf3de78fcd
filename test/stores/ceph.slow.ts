/** The program on a real store: ceph. */
import { storeSuite } from './suite.ts';

storeSuite('ceph');
