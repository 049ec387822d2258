/** The shape of a policy file as the editor offers it, made of the JSON Schema the server gives. Pure. */

export interface Shape {
  /** Said beside the name in the list. */
  about?: string;
  keys?: Record<string, Shape>;
  /** What stands below names the leader chooses: tiers, services, grants. */
  named?: Shape;
  /** Words it takes; a name in angle brackets is read from the file itself. */
  values?: readonly string[];
}

/** The part of JSON Schema that the server's one uses. */
export interface JsonSchema {
  type?: string;
  description?: string;
  const?: unknown;
  enum?: readonly unknown[];
  examples?: readonly unknown[];
  anyOf?: readonly JsonSchema[];
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: boolean | JsonSchema;
  /** Kinds of names of the file itself: as words of a text, as keys of a mapping. */
  'x-names'?: readonly string[];
  'x-keys'?: readonly string[];
}

/** One of several forms is all of them at once: an editor offers what any of them allows. */
export function shapeOf(schema: JsonSchema): Shape {
  const shape: Shape = {};
  const about = schema.description;
  if (about !== undefined) shape.about = about;
  const parts = [
    schema,
    ...(schema.anyOf ?? []),
    ...(schema.items === undefined ? [] : [schema.items]),
  ];
  const values = new Set<string>();
  for (const part of parts) {
    const inner = part === schema ? undefined : shapeOf(part);
    const own = part === schema ? ownShape(schema) : inner;
    if (own === undefined) continue;
    if (own.keys !== undefined) shape.keys = { ...shape.keys, ...own.keys };
    if (own.named !== undefined) shape.named ??= own.named;
    for (const value of own.values ?? []) values.add(value);
  }
  if (values.size > 0) shape.values = [...values];
  return shape;
}

function ownShape(schema: JsonSchema): Shape {
  const names = (schema['x-names'] ?? []).map((kind) => `<${kind}>`);
  const rest = schema.additionalProperties;
  const isMapping = schema.type === 'object';
  const named = typeof rest === 'object' ? shapeOf(rest) : undefined;
  const offered = isMapping && named !== undefined ? [...(schema['x-keys'] ?? []), ...names] : [];
  return {
    ...(isMapping && {
      keys: {
        ...Object.fromEntries(
          Object.entries(schema.properties ?? {}).map(([key, each]) => [key, shapeOf(each)]),
        ),
        ...Object.fromEntries(offered.map((key) => [key, named!])),
      },
    }),
    ...(named !== undefined && { named }),
    values: isMapping
      ? []
      : [
          ...(schema.const === undefined ? [] : [schema.const]),
          ...(schema.enum ?? []),
          ...(schema.type === 'boolean' ? [true, false] : []),
          ...(schema.examples ?? []),
          ...names,
        ].map(String),
  };
}
