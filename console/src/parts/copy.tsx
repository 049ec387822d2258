/** Copying: ids, commits and commands. */
import { CopyButton } from '@mantine/core';
import { shortId } from './format.ts';
import { Icon } from './icon.tsx';
import { AppLink } from './link.tsx';

export function Copy({ value, label }: { value: string; label: string }) {
  return (
    <CopyButton value={value} timeout={1500}>
      {({ copied, copy }) => (
        <button
          type="button"
          className="copy"
          aria-label={copied ? 'Copied' : label}
          title={copied ? 'Copied' : label}
          onClick={(event) => {
            event.stopPropagation();
            copy();
          }}
        >
          <Icon name={copied ? 'check' : 'copy'} size={13} />
        </button>
      )}
    </CopyButton>
  );
}

/** A short id or commit, copied in full. */
export function Identifier({ id, href }: { id: string; href?: string }) {
  const text = <code title={id}>{shortId(id)}</code>;
  return (
    <span className="identifier">
      {href === undefined ? text : <AppLink href={href}>{text}</AppLink>}
      <Copy value={id} label={`Copy ${shortId(id)}`} />
    </span>
  );
}

export function CommandLine({ command }: { command: string }) {
  return (
    <div className="command">
      <code>{command}</code>
      <Copy value={command} label={`Copy command ${command}`} />
    </div>
  );
}
