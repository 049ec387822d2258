/** Reading other people's JSON, of which any part may be missing or of another type. Pure. */

export type Fields = Record<string, unknown>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Fields)
    : {};
}

export function listOf(value: unknown): Fields[] {
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A count; anything else is none. */
export function countOf(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.floor(value) : 0;
}

export function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** The file a tool call is about, by the names agents give that argument. */
export function pathOf(input: unknown): string | undefined {
  const fields = fieldsOf(input);
  for (const name of ['file_path', 'filePath', 'absolute_path', 'notebook_path', 'path']) {
    const path = textOf(fields[name]);
    if (path !== undefined) return path;
  }
  return undefined;
}

/** A JSON file of somebody else's; what cannot be read is as good as none. */
export function parseFields(text: string | undefined): Fields {
  try {
    return fieldsOf(JSON.parse(text ?? '{}'));
  } catch {
    return {};
  }
}
