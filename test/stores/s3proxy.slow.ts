/** The program on a real store: s3proxy. */
import { storeSuite } from './suite.ts';

storeSuite('s3proxy');
