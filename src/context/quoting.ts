/**
 * Outside text as data. What a repository says is quoted line by line, so that it cannot end its own
 * frame, and characters nobody sees but a model reads are taken out.
 */

/**
 * Bidirectional marks (a line may read otherwise than it is), invisible formatting, Unicode tags
 * (hidden ASCII), variation selectors in bulk, and control characters but tab and line end.
 */
const INVISIBLE = /\p{Bidi_Control}|\p{Default_Ignorable_Code_Point}|\p{Cf}|[\u2028\u2029]/gu;
const CONTROL = /(?![\n\t])\p{Cc}/gu;
const LONE_SURROGATE = /\p{Cs}/gu;

/** Text without anything invisible; line ends become plain ones. */
export function neutralise(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(INVISIBLE, '')
    .replace(CONTROL, '')
    .replace(LONE_SURROGATE, '\ufffd');
}

/** One line: for titles, headings and names. Backquotes cannot end the code span it may stand in. */
export function asLine(text: string): string {
  return neutralise(text).replace(/\s+/g, ' ').replace(/`/g, "'").trim();
}

/**
 * A block of outside text: each line behind `> `, fences and frame marks broken. Whatever it says,
 * it stays inside its item.
 */
export function asQuote(text: string): string {
  return neutralise(text)
    .split('\n')
    .map((line) =>
      `> ${line.replace(/`{3,}|~{3,}/g, (fence) => fence.split('').join(' '))}`.trimEnd(),
    )
    .join('\n');
}

const LOOK_ALIKE =
  /(?:\p{Script=Latin}[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]|[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}]\p{Script=Latin})/u;

/** True when a name mixes letters of scripts that look alike: `src/\u0440ayments` is not `src/payments`. */
export function mixesLookAlikes(name: string): boolean {
  return LOOK_ALIKE.test(name);
}
