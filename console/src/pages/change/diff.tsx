/** The files of a change; each opens to its lines. */
import { useQuery } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { queries } from '../../api/queries.ts';
import type { FileChange } from '../../api/types.ts';
import { plural } from '../../parts/format.ts';
import { Icon } from '../../parts/icon.tsx';
import { EmptyState, Loading, Panel, Problem } from '../../parts/layout.tsx';
import { parsePatch, type PatchLine } from './patch.ts';

/** A longer file is shown up to here; the host has the rest. */
const MAX_LINES = 2_000;

const STATUS_LETTER: Record<FileChange['status'], string> = {
  added: 'A',
  modified: 'M',
  deleted: 'D',
  renamed: 'R',
  copied: 'C',
  'type-changed': 'T',
};

export function Diff({
  changeId,
  headSha,
  files,
}: {
  changeId: string;
  headSha: string;
  files: FileChange[];
}) {
  const [openPaths, setOpenPaths] = useState<ReadonlySet<string>>(new Set());
  const patch = useQuery({ ...queries.diff(changeId, headSha), enabled: openPaths.size > 0 });
  const linesOf = useMemo(() => parsePatch(patch.data?.text ?? ''), [patch.data]);

  const sum = (key: 'addedLines' | 'deletedLines') =>
    files.reduce((total, file) => total + (file[key] ?? 0), 0);
  const toggle = (path: string) => {
    const next = new Set(openPaths);
    if (!next.delete(path)) next.add(path);
    setOpenPaths(next);
  };

  return (
    <Panel
      title="Files"
      note={
        <span className="number">
          {plural(files.length, 'file')} · <span className="added">+{sum('addedLines')}</span>{' '}
          <span className="removed">−{sum('deletedLines')}</span>
        </span>
      }
      flush
    >
      {files.length === 0 && (
        <EmptyState small title="No files differ" text="The branch holds nothing the base lacks." />
      )}
      <ul aria-label="Changed files">
        {files.map((file) => {
          const isOpen = openPaths.has(file.path);
          return (
            <li key={file.path} className="diff-file">
              <button
                type="button"
                className="diff-head"
                aria-expanded={isOpen}
                onClick={() => toggle(file.path)}
              >
                <Icon name={isOpen ? 'down' : 'right'} size={12} />
                <span className="diff-status" data-status={file.status} title={file.status}>
                  {STATUS_LETTER[file.status]}
                  <span className="visually-hidden"> {file.status}</span>
                </span>
                <span className="mono diff-path">
                  {file.oldPath !== undefined && file.oldPath !== file.path && (
                    <span className="quiet">{file.oldPath} → </span>
                  )}
                  {file.path}
                </span>
                <span className="number small nowrap">
                  {file.addedLines === null ? (
                    <span className="quiet">{file.isSubmodule ? 'submodule' : 'binary'}</span>
                  ) : (
                    <>
                      <span className="added">+{file.addedLines}</span>{' '}
                      <span className="removed">−{file.deletedLines ?? 0}</span>
                    </>
                  )}
                </span>
              </button>
              {isOpen && (
                <>
                  {patch.data === undefined && patch.error === null && <Loading rows={3} />}
                  {patch.error !== null && (
                    <div className="panel-body">
                      <Problem error={patch.error} onRetry={() => void patch.refetch()} />
                    </div>
                  )}
                  {patch.data !== undefined && (
                    <Lines path={file.path} lines={linesOf.get(file.path) ?? []} />
                  )}
                </>
              )}
            </li>
          );
        })}
      </ul>
      {patch.data?.isCut === true && (
        <p className="panel-foot">The patch is cut: it is longer than one answer carries.</p>
      )}
    </Panel>
  );
}

function Lines({ path, lines }: { path: string; lines: PatchLine[] }) {
  if (lines.length === 0) {
    return <p className="panel-body quiet small">There are no lines to show for this file.</p>;
  }
  return (
    <div className="diff-lines" tabIndex={0} role="region" aria-label={`Difference of ${path}`}>
      <table>
        <tbody>
          {lines.slice(0, MAX_LINES).map((line, index) => (
            <tr key={index} data-kind={line.kind}>
              <td className="diff-number">{line.oldLine ?? ''}</td>
              <td className="diff-number">{line.newLine ?? ''}</td>
              <td className="diff-sign">{SIGN[line.kind]}</td>
              <td className="diff-text">{line.text === '' ? ' ' : line.text}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {lines.length > MAX_LINES && (
        <p className="panel-body quiet small">
          {plural(lines.length - MAX_LINES, 'more line')} not shown.
        </p>
      )}
    </div>
  );
}

const SIGN: Record<PatchLine['kind'], string> = {
  added: '+',
  removed: '−',
  context: '',
  hunk: '⋯',
  note: '',
};
