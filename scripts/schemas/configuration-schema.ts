import { configSchema } from '@callgate/engine/internal/config/config';
import { findingCodes } from '@callgate/engine/internal/report/finding-codes';
import { toJsonSchema } from '@valibot/to-json-schema';

/** The schema of callgate.config.json, with the codes of all findings, which the reader checks by itself. */
export function configurationSchema(): object {
  const schema = toJsonSchema(configSchema, { target: 'draft-07', typeMode: 'input', errorMode: 'ignore' });
  const codes = { enum: findingCodes() };
  const { severities, suppressions, ...properties } = schema.properties as Record<
    string,
    Record<string, unknown>
  >;
  const { items, ...list } = suppressions as { items: { properties: Record<string, object> } };
  return {
    title: 'Configuration',
    description: 'What a house wants of its seccomp profiles: callgate lint and callgate gate.',
    ...schema,
    properties: {
      ...properties,
      severities: { ...severities, propertyNames: codes },
      suppressions: {
        ...list,
        items: {
          ...items,
          properties: { ...items.properties, code: { ...items.properties.code, ...codes } },
        },
      },
    },
  };
}
