import { specSchema } from '@callgate/engine/internal/spec/spec-schema';
import { STOCK_NAMES } from '@callgate/engine/internal/stock/stock-profiles';
import { ATTACK_CATEGORIES, ATTACK_IDS } from '@callgate/linux/internal/trials/attacks';
import { toJsonSchema } from '@valibot/to-json-schema';

/** The schema of what callgate test reads, with the names of attacks, which the reader checks by itself. */
export function testSpecSchema(): object {
  const schema = toJsonSchema(specSchema, { target: 'draft-07', typeMode: 'input', errorMode: 'ignore' });
  const { security, ...properties } = schema.properties as Record<string, Record<string, unknown>>;
  const { items, ...list } = security as { items: { properties: Record<string, object> } };
  const { attack, category, default: runtime, ...others } = items.properties;
  return {
    title: 'Test',
    description: 'What works under a seccomp profile and what does not: callgate test.',
    ...schema,
    properties: {
      ...properties,
      security: {
        ...list,
        items: {
          ...items,
          properties: {
            ...others,
            attack: { ...attack, enum: ATTACK_IDS },
            category: { ...category, enum: ATTACK_CATEGORIES.map(({ id }) => id) },
            default: { ...runtime, enum: STOCK_NAMES.filter((name) => name !== 'none') },
          },
        },
      },
    },
  };
}
