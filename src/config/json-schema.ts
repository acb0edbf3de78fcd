/** The file's JSON Schema, for editors and for whoever writes the file by program. */
import { z } from 'zod';
import { fileSchema } from './schema.ts';

/** As `config/archiver.schema.json` holds it: a JSON text with a newline at its end. */
export function jsonSchema(): string {
  const schema = { title: 'rdb-archiver configuration', ...z.toJSONSchema(fileSchema, { io: 'input' }) };
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
