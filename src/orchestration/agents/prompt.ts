/** What an agent is told, and what it leaves behind for whoever goes on. Pure. */

export interface Task {
  repository: string;
  branch: string;
  title: string;
  text: string;
}

export interface Progress {
  /** Subjects of the commits that are there already, newest first. */
  commits: readonly string[];
  handover: string | null;
  /** What a check or a judge said of the work so far. */
  feedback: string | null;
}

/** The kernel's limit for one argument is 128 KiB. */
const MAX_PROMPT_CHARACTERS = 100_000;
const MAX_PART = 20_000;

export function renderPrompt(template: string | undefined, task: Task, progress: Progress): string {
  const values: Record<string, string> = { ...task };
  const asked = (template ?? '{title}\n\n{text}')
    .replaceAll(/\{(?<name>title|text|repository|branch)\}/g, (_, name: string) =>
      (values[name] ?? '').slice(0, 50_000),
    )
    .trim();
  const parts = [
    // First of all, and so that no task can pass for an option of the program.
    `Your task in ${task.repository}:`,
    asked,
    ...describeProgress(progress),
    'You are on a branch of your own in a work tree of your own. Commit what you do, with a message that says why. Do not push: that is done for you. Nobody answers questions; decide, and say at the end what you decided.',
  ];
  return bytesOf(parts.filter((part) => part !== '').join('\n\n'));
}

/** Characters of other scripts take up to four bytes. */
function bytesOf(text: string): string {
  let cut = text.slice(0, MAX_PROMPT_CHARACTERS);
  while (Buffer.byteLength(cut) > MAX_PROMPT_CHARACTERS)
    cut = cut.slice(0, Math.floor(cut.length * 0.9));
  return cut.replaceAll('\0', '');
}

function describeProgress({ commits, handover, feedback }: Progress): string[] {
  return [
    ...(commits.length === 0
      ? []
      : [
          `Done before you, on this branch:\n${commits
            .slice(0, 20)
            .map((one) => `- ${one}`)
            .join('\n')}`,
        ]),
    ...(handover === null
      ? []
      : [`Notes of whoever worked on it before you:\n${handover.slice(0, MAX_PART)}`]),
    ...(feedback === null
      ? []
      : [
          `The work so far was checked and is not good enough yet. Correct it. What the check said:\n${feedback.slice(-MAX_PART)}`,
        ]),
  ];
}

/** A note for the next one, from what is known when an agent stops before its end. */
export function renderHandover(about: {
  agent: string;
  why: string;
  toolCalls: number;
  commits: readonly string[];
  changedFiles: readonly string[];
  answer: string;
  at: Date;
}): string {
  const { agent, why, toolCalls, commits, changedFiles, answer, at } = about;
  const files = changedFiles.slice(0, 30).join(', ');
  return [
    `${agent} stopped at ${at.toISOString()} after ${toolCalls} tool calls: ${why}`,
    commits.length === 0
      ? 'It committed nothing.'
      : `It committed: ${commits.slice(0, 10).join('; ')}.`,
    files === ''
      ? 'No file is changed.'
      : `Changed so far: ${files}${changedFiles.length > 30 ? ' and more' : ''}.`,
    answer === ''
      ? 'It said nothing of its plan.'
      : `Its last words: ${answer.trim().slice(-2_000)}`,
  ].join('\n');
}
