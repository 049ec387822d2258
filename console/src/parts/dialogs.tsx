/** The two dialogs of the console: a form, and a question that is asked before something is done. */
import { Button, Modal, Textarea } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { Problem } from './layout.tsx';

const DANGER = '#b0231b';

/** What a mutation of TanStack Query has that a dialog shows. */
interface Work {
  isPending: boolean;
  error: Error | null;
}

interface DialogFrame {
  isOpen: boolean;
  onClose: () => void;
  title: string;
  /** On the button that does it. */
  action: string;
  /** On the button that does not. */
  keep?: string;
  work: Work;
  isDangerous?: boolean;
  size?: 'md' | 'lg';
}

/** A form in a dialog. Its fields are the children; Enter sends it, Escape leaves it. */
export function FormDialog({
  isOpen,
  onClose,
  title,
  size = 'md',
  ...form
}: DialogFrame & { onSubmit: () => void; isReady?: boolean; children: ReactNode }) {
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} size={size}>
      <DialogForm {...form} onClose={onClose} />
    </Modal>
  );
}

/** The inside of a form in a dialog, for dialogs that show something else afterwards. */
export function DialogForm({
  onClose,
  onSubmit,
  action,
  keep = 'Discard',
  work: { isPending, error },
  isReady = true,
  isDangerous = false,
  children,
}: Omit<DialogFrame, 'isOpen' | 'title' | 'size'> & {
  onSubmit: () => void;
  isReady?: boolean;
  children: ReactNode;
}) {
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !isPending) onSubmit();
      }}
    >
      {children}
      {error !== null && <Problem error={error} />}
      <div className="row row-wrap" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={onClose}>
          {keep}
        </Button>
        <Button
          type="submit"
          loading={isPending}
          disabled={!isReady}
          {...(isDangerous && { color: DANGER })}
        >
          {action}
        </Button>
      </div>
    </form>
  );
}

export interface ReasonWish {
  placeholder?: string;
  isOptional?: boolean;
  /** Letters it takes at the least. */
  least?: number;
}

/** Says what will happen and asks, with a reason for the record where one is wished for. */
export function ConfirmDialog({
  isOpen,
  onConfirm,
  keep = 'Cancel',
  ...frame
}: DialogFrame & {
  reason?: ReasonWish;
  /** What will happen, and further questions. */
  children: ReactNode;
  /** The reason is trimmed; empty where none is wished for. */
  onConfirm: (reason: string) => void;
}) {
  const { onClose, title, size = 'md' } = frame;
  return (
    <Modal opened={isOpen} onClose={onClose} title={title} size={size}>
      {/* Made anew each time, so that no reason stays behind. */}
      {isOpen && <Question {...frame} keep={keep} onConfirm={onConfirm} />}
    </Modal>
  );
}

function Question({
  reason: wish,
  children,
  onConfirm,
  ...form
}: Omit<Parameters<typeof ConfirmDialog>[0], 'isOpen'>) {
  const [reason, setReason] = useState('');
  const given = reason.trim();
  const least = wish === undefined || wish.isOptional === true ? 0 : (wish.least ?? 1);
  return (
    <DialogForm {...form} isReady={given.length >= least} onSubmit={() => onConfirm(given)}>
      <div className="soft small">{children}</div>
      {wish !== undefined && (
        <Textarea
          label="Reason"
          description={
            least > 1
              ? `At least ${least} letters. It becomes part of the record.`
              : 'It becomes part of the record.'
          }
          placeholder={wish.placeholder ?? ''}
          required={least > 0}
          autosize
          minRows={2}
          maxLength={500}
          data-autofocus
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
      )}
    </DialogForm>
  );
}
