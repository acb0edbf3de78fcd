/** The program on a real store: juicefs. */
import { storeSuite } from './suite.ts';

storeSuite('juicefs');
