/** The program on a real store: versitygw. */
import { storeSuite } from './suite.ts';

storeSuite('versitygw');
