/** Says at the end of a line what is wrong in it: a squiggle alone has to be pointed at to speak. */
import { StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, WidgetType } from '@codemirror/view';

export interface LineMark {
  line: number;
  severity: 'error' | 'warning';
  message: string;
}

const LONGEST = 90;

export const setLineMarks = StateEffect.define<readonly LineMark[]>();

class Words extends WidgetType {
  readonly mark: LineMark;

  constructor(mark: LineMark) {
    super();
    this.mark = mark;
  }

  override eq({ mark }: Words): boolean {
    return mark.message === this.mark.message && mark.severity === this.mark.severity;
  }

  toDOM(): HTMLElement {
    const { message, severity } = this.mark;
    const words = document.createElement('span');
    words.className = 'inline-mark';
    words.dataset['tone'] = severity === 'error' ? 'bad' : 'warn';
    words.textContent = message.length > LONGEST ? `${message.slice(0, LONGEST - 1)}…` : message;
    return words;
  }
}

/** The first mark of each line; the list beside the editor has them all. */
export const inlineMarks = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(known, transaction) {
    let decorations = known.map(transaction.changes);
    for (const effect of transaction.effects) {
      if (!effect.is(setLineMarks)) continue;
      const { doc } = transaction.state;
      const byLine = new Map<number, LineMark>();
      for (const mark of effect.value) {
        const line = Math.min(Math.max(mark.line, 1), doc.lines);
        if (!byLine.has(line) || mark.severity === 'error') byLine.set(line, mark);
      }
      decorations = Decoration.set(
        [...byLine].map(([line, mark]) =>
          Decoration.widget({ widget: new Words(mark), side: 1 }).range(doc.line(line).to),
        ),
        true,
      );
    }
    return decorations;
  },
  provide: (field) => EditorView.decorations.from(field),
});
