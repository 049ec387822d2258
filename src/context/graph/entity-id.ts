/** Ids of entities as people and routes write them. */
import { AppError } from '#kernel';
import { EntityKind, type EntityRef } from './schema.ts';

/** `component:default/shop` -> its parts. @throws AppError `context.bad_entity_id` */
export function parseEntityId(id: string): EntityRef {
  const colon = id.indexOf(':');
  const kind = EntityKind.safeParse(id.slice(0, colon));
  const key = id.slice(colon + 1);
  if (!kind.success || key === '') {
    throw new AppError('invalid', 'context.bad_entity_id', {
      message: `${id.slice(0, 200)} is no id of an entity.`,
      hint: `It is a kind, a colon and a key, such as component:default/shop; kinds: ${EntityKind.options.join(', ')}.`,
    });
  }
  return { kind: kind.data, key };
}

/** Also for what the reader may not know of. */
export function unknownEntity(id: string): AppError {
  return new AppError('not_found', 'context.unknown_entity', {
    message: `Nothing is known of ${id.slice(0, 200)}.`,
    hint: 'Search for it: `GET /v1/graph/entities?q=…`.',
  });
}
