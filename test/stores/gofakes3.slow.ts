/** The program on a real store: gofakes3. */
import { storeSuite } from './suite.ts';

storeSuite('gofakes3');
