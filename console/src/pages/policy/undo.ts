/** Undo and redo of an editor, and a new line at the indentation of the last: what a form needs. */
import {
  Annotation,
  type ChangeSet,
  type EditorSelection,
  type Extension,
  StateField,
  type Transaction,
} from '@codemirror/state';
import { type EditorView, keymap } from '@codemirror/view';

interface Step {
  changes: ChangeSet;
  selection: EditorSelection;
  at: number;
  /** Where the last character of the step was typed; typing on from there adds to the step. */
  end: number;
}

interface Past {
  undo: readonly Step[];
  redo: readonly Step[];
}

/** Typing without a longer pause is one step. */
const PAUSE_MS = 600;
const MAX_STEPS = 300;

const travel = Annotation.define<'undo' | 'redo'>();

const past = StateField.define<Past>({
  create: () => ({ undo: [], redo: [] }),
  update(known, transaction) {
    if (!transaction.docChanged) return known;
    const step = inverseOf(transaction);
    const direction = transaction.annotation(travel);
    if (direction === 'undo') {
      return { undo: known.undo.slice(0, -1), redo: [...known.redo, step] };
    }
    if (direction === 'redo') {
      return { undo: [...known.undo, step], redo: known.redo.slice(0, -1) };
    }
    const last = known.undo.at(-1);
    const isContinued =
      last !== undefined &&
      transaction.isUserEvent('input.type') &&
      step.at - last.at < PAUSE_MS &&
      transaction.startState.selection.main.head === last.end;
    const joined = isContinued
      ? { ...step, changes: step.changes.compose(last.changes), selection: last.selection }
      : step;
    const rest = isContinued ? known.undo.slice(0, -1) : known.undo;
    return { undo: [...rest, joined].slice(-MAX_STEPS), redo: [] };
  },
});

function inverseOf(transaction: Transaction): Step {
  return {
    changes: transaction.changes.invert(transaction.startState.doc),
    selection: transaction.startState.selection,
    at: Date.now(),
    end: transaction.newSelection.main.head,
  };
}

function go(direction: 'undo' | 'redo') {
  return (view: EditorView): boolean => {
    const step = view.state.field(past)[direction].at(-1);
    if (step === undefined || view.state.readOnly) return false;
    view.dispatch({
      changes: step.changes,
      selection: step.selection,
      annotations: travel.of(direction),
      scrollIntoView: true,
    });
    return true;
  };
}

function newLine(view: EditorView): boolean {
  const { state } = view;
  if (state.readOnly) return false;
  const { from, to } = state.selection.main;
  const line = state.doc.lineAt(from);
  const before = line.text.slice(0, from - line.from);
  const indent = /^\s*/.exec(before)![0];
  const opens = /:\s*$/.test(before) ? '  ' : '';
  const item = /^\s*- /.test(before) ? '  ' : '';
  const insert = `\n${indent}${item}${opens}`;
  view.dispatch({
    changes: { from, to, insert },
    selection: { anchor: from + insert.length },
    userEvent: 'input',
    scrollIntoView: true,
  });
  return true;
}

export function undoAndLines(): Extension {
  return [
    past,
    keymap.of([
      { key: 'Mod-z', run: go('undo'), preventDefault: true },
      { key: 'Mod-y', run: go('redo'), preventDefault: true },
      { key: 'Mod-Shift-z', run: go('redo'), preventDefault: true },
      { key: 'Enter', run: newLine },
    ]),
  ];
}
