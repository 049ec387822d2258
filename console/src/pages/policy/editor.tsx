/**
 * The editor of a policy file: what the server says of the text stands at its line and column, keys and
 * words complete themselves, and the difference from another text can be shown in place. A page of its
 * own to load: only who edits pays for it.
 */
import { autocompletion, closeBrackets, type CompletionContext } from '@codemirror/autocomplete';
import { yaml } from '@codemirror/lang-yaml';
import { bracketMatching, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { type Diagnostic, lintGutter, setDiagnostics } from '@codemirror/lint';
import { unifiedMergeView } from '@codemirror/merge';
import { Compartment, EditorState, type Extension, Prec } from '@codemirror/state';
import {
  EditorView,
  highlightActiveLine,
  highlightActiveLineGutter,
  keymap,
  lineNumbers,
} from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { useEffect, useRef } from 'react';
import { choicesAt } from './complete.ts';
import './editor.css';
import { inlineMarks, setLineMarks } from './inline-marks.ts';
import type { Shape } from './schema.ts';
import { undoAndLines } from './undo.ts';

/** Something said about a place of the text; lines and columns count from 1. */
export interface Mark {
  line: number;
  column: number;
  severity: 'error' | 'warning';
  message: string;
}

/** Where to put the cursor; a new object goes there again. */
export interface Jump {
  line: number;
}

export default function PolicyEditor({
  label,
  value,
  onChange,
  marks = [],
  original = null,
  jump = null,
  onSubmit,
  isFolded = false,
  shape = null,
}: {
  /** Names the field for those who do not see it. */
  label: string;
  value: string;
  /** Without it the text is only read. */
  onChange?: (value: string) => void;
  marks?: readonly Mark[];
  /** Shows what differs from this text. */
  original?: string | null;
  jump?: Jump | null;
  /** Control and Enter. */
  onSubmit?: () => void;
  /** Leaves out what does not differ. */
  isFolded?: boolean;
  /** What may be written; without it nothing is offered. */
  shape?: Shape | null;
}) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(undefined);
  const difference = useRef(new Compartment());
  // Read when an event comes, so that a new function makes no new editor.
  const latest = useRef({ onChange, onSubmit, shape });
  latest.current = { onChange, onSubmit, shape };
  const isReadOnly = onChange === undefined;

  useEffect(() => {
    const editor = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: value,
        extensions: [
          Prec.highest(
            keymap.of([
              {
                key: 'Mod-Enter',
                run: () => {
                  latest.current.onSubmit?.();
                  return latest.current.onSubmit !== undefined;
                },
              },
            ]),
          ),
          lineNumbers(),
          bracketMatching(),
          yaml(),
          syntaxHighlighting(COLOURS),
          EditorState.tabSize.of(2),
          EditorState.readOnly.of(isReadOnly),
          EditorView.contentAttributes.of({
            'aria-label': label,
            // A text that is only read is scrolled with the keys, too.
            tabindex: '0',
            spellcheck: 'false',
            autocapitalize: 'off',
          }),
          ...(isReadOnly ? [] : editing(() => latest.current.shape)),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) latest.current.onChange?.(update.state.doc.toString());
          }),
          difference.current.of(differenceFrom(original, isFolded)),
        ],
      }),
    });
    view.current = editor;
    return () => editor.destroy();
    // The editor keeps its own text, history and cursor; later values are handed to it below.
    // oxlint-disable-next-line react-hooks/exhaustive-deps
  }, [label, isReadOnly]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || editor.state.doc.toString() === value) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    view.current?.dispatch({
      effects: difference.current.reconfigure(differenceFrom(original, isFolded)),
    });
  }, [original, isFolded]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || isReadOnly) return;
    const diagnostics = marks.map((mark) => toDiagnostic(editor.state, mark));
    editor.dispatch(setDiagnostics(editor.state, diagnostics), {
      effects: setLineMarks.of(marks),
    });
  }, [marks, isReadOnly]);

  useEffect(() => {
    const editor = view.current;
    if (editor === undefined || jump === null) return;
    const line = editor.state.doc.line(Math.min(Math.max(jump.line, 1), editor.state.doc.lines));
    editor.dispatch({
      selection: { anchor: line.from, head: line.to },
      effects: EditorView.scrollIntoView(line.from, { y: 'center' }),
    });
    editor.focus();
  }, [jump]);

  return <div className="policy-editor" ref={place} />;
}

/** Completion takes Enter before a new line does. */
function editing(shapeNow: () => Shape | null): Extension[] {
  return [
    lintGutter(),
    inlineMarks,
    highlightActiveLine(),
    highlightActiveLineGutter(),
    closeBrackets(),
    autocompletion({ override: [(context) => complete(context, shapeNow())] }),
    undoAndLines(),
  ];
}

function differenceFrom(original: string | null, isFolded: boolean): Extension {
  if (original === null) return [];
  return unifiedMergeView({
    original,
    mergeControls: false,
    gutter: true,
    ...(isFolded ? { collapseUnchanged: { margin: 3, minSize: 6 } } : {}),
  });
}

/** The word at the place, or the rest of the line where the place is between words. */
function toDiagnostic({ doc }: EditorState, mark: Mark): Diagnostic {
  const line = doc.line(Math.min(Math.max(mark.line, 1), doc.lines));
  const from = Math.min(line.from + Math.max(mark.column - 1, 0), line.to);
  const word = /^[\w.:*/-]+/.exec(line.text.slice(from - line.from))?.[0] ?? '';
  const to = word === '' ? line.to : from + word.length;
  return { from: Math.min(from, to), to, severity: mark.severity, message: mark.message };
}

function complete(context: CompletionContext, shape: Shape | null) {
  if (shape === null) return null;
  const line = context.state.doc.lineAt(context.pos);
  const { from, choices } = choicesAt(
    shape,
    context.state.doc.toString(),
    line.number - 1,
    context.pos - line.from,
  );
  const written = line.text.slice(from, context.pos - line.from);
  if (choices.length === 0 || (written === '' && !context.explicit)) return null;
  return {
    from: line.from + from,
    options: choices.map(({ label, about, kind }) => ({
      label,
      detail: about,
      type: kind === 'key' ? 'property' : 'enum',
      apply: kind === 'key' ? `${label}: ` : label,
    })),
    validFor: /^[\w.:<>=%-]*$/,
  };
}

const COLOURS = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], class: 'token-key' },
  { tag: [tags.string, tags.special(tags.string)], class: 'token-text' },
  { tag: [tags.comment, tags.lineComment], class: 'token-comment' },
  { tag: [tags.keyword, tags.meta], class: 'token-word' },
]);
