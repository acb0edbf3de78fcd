/** The program on a real store: ceph-20. */
import { storeSuite } from './suite.ts';

storeSuite('ceph-20');
