/** The program on a real store: seaweedfs. */
import { storeSuite } from './suite.ts';

storeSuite('seaweedfs');
