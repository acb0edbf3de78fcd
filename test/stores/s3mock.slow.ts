/** The program on a real store: s3mock. */
import { storeSuite } from './suite.ts';

storeSuite('s3mock');
