/** Writes packages/cli/schemas, by which editors check and complete: npx tsx -C @callgate/source scripts/generate-schemas.ts */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { recordingSchema } from '@callgate/engine/internal/recording/recording';
import { writeIndentedJson } from '@callgate/engine/internal/source/write-json';
import { toJsonSchema } from '@valibot/to-json-schema';
import { configurationSchema } from './schemas/configuration-schema.ts';
import { profileSchema } from './schemas/profile-schema.ts';
import { testSpecSchema } from './schemas/spec-schema.ts';

const OUT = join(import.meta.dirname, '../packages/cli/schemas');

const schemas = {
  config: configurationSchema(),
  profile: profileSchema(),
  recording: {
    title: 'Recording',
    description: 'What a workload called, as callgate record and callgate read write it.',
    // That a number fits 64 bits is beyond a schema.
    ...toJsonSchema(recordingSchema, { target: 'draft-07', typeMode: 'input', errorMode: 'ignore' }),
  },
  test: testSpecSchema(),
};

mkdirSync(OUT, { recursive: true });
for (const [name, schema] of Object.entries(schemas))
  writeFileSync(join(OUT, `${name}.schema.json`), `${writeIndentedJson(schema)}\n`);
