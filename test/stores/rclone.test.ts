/** The program on a real store: rclone. */
import { storeSuite } from './suite.ts';

storeSuite('rclone');
