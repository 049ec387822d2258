/** What people said on a change or work item where it lives: their words, quoted. */
import { useQuery } from '@tanstack/react-query';
import { queries } from '../api/queries.ts';
import type { Comment } from '../api/schema.ts';
import './comments.css';
import { Panel } from './layout.tsx';
import { When } from './time.tsx';

/** Nothing where nobody said anything, or while it is not known. */
export function Comments({ of, id }: { of: 'changes' | 'work-items'; id: string }) {
  const comments = useQuery(queries.comments(of, id)).data?.items ?? [];
  if (comments.length === 0) return null;
  return (
    <Panel title="Comments">
      <ol className="comments" aria-label="Comments, oldest first">
        {comments.map((comment) => (
          <li key={comment.id}>
            <Head comment={comment} />
            <blockquote className="wrap-anywhere">{comment.text}</blockquote>
          </li>
        ))}
      </ol>
    </Panel>
  );
}

function Head({ comment }: { comment: Comment }) {
  const { author, person, system, path, line, url, writtenAt, isEdited } = comment;
  return (
    <div className="row row-wrap small">
      <strong>{person?.name ?? author ?? 'Somebody'}</strong>
      <span className="quiet">
        {person === null || author === null ? `in ${system}` : `${author} in ${system}`},{' '}
        <When at={writtenAt} />
        {isEdited ? ', edited' : ''}
      </span>
      {path !== null && (
        <code>
          {path}
          {line === null ? '' : `:${line}`}
        </code>
      )}
      {url !== null && (
        <a href={url} target="_blank" rel="noreferrer">
          Open
        </a>
      )}
    </div>
  );
}
