/** Service levels in OpenSLO (https://github.com/OpenSLO/OpenSLO). Pure. */
import { yamlDocuments } from './deployment.ts';
import { listOf, type ManifestReading, reading, recordOf, textOf } from './reading.ts';

/** True for YAML that holds objects of OpenSLO. */
export function looksLikeOpenSlo(text: string): boolean {
  return /^apiVersion:\s*["']?openslo(?:\.com)?\//m.test(text);
}

export function readOpenSlo(text: string): ManifestReading {
  const objectives = yamlDocuments(text).flatMap((document) => {
    const metadata = recordOf(document['metadata']);
    const name = textOf(metadata['name']);
    if (document['kind'] !== 'SLO' || name === undefined) return [];
    const spec = recordOf(document['spec']);
    const targets = listOf(spec['objectives'])
      .map(recordOf)
      .flatMap(({ target, targetPercent }) =>
        typeof target === 'number'
          ? [Number((100 * target).toPrecision(8))]
          : typeof targetPercent === 'number'
            ? [targetPercent]
            : [],
      );
    return [
      {
        name,
        title: textOf(metadata['displayName']) ?? name,
        service: textOf(spec['service']),
        targetPercent: targets[0],
        description: textOf(spec['description']),
      },
    ];
  });
  return reading({ objectives });
}
