/** Before each file of tests: what whoever runs them has set for AWS decides nothing, neither variables nor shared files. */
import { join } from 'node:path';

for (const name of Object.keys(process.env)) if (name.startsWith('AWS_')) delete process.env[name];
process.env['AWS_CONFIG_FILE'] = join(import.meta.dirname, 'no-such-file');
process.env['AWS_SHARED_CREDENTIALS_FILE'] = process.env['AWS_CONFIG_FILE'];
