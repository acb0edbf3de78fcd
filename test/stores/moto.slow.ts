/** The program on a real store: moto. */
import { storeSuite } from './suite.ts';

storeSuite('moto');
