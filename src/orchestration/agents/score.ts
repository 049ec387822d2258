/** What a judge said, as a number. Pure. */

export interface Score {
  /** From 0 to 1. */
  score: number;
  reasons: string[];
}

/** The last JSON object with a `score` in it; undefined where a judge gave none that counts. */
export function readScore(answer: string): Score | undefined {
  for (let end = answer.lastIndexOf('}'); end !== -1; end = answer.lastIndexOf('}', end - 1)) {
    for (
      let start = answer.lastIndexOf('{', end);
      start !== -1;
      start = answer.lastIndexOf('{', start - 1)
    ) {
      const found = parse(answer.slice(start, end + 1));
      if (found !== undefined) return found;
      if (start === 0 || end - start > 20_000) break;
    }
    if (end === 0) break;
  }
  return undefined;
}

function parse(text: string): Score | undefined {
  if (!text.includes('"score"')) return undefined;
  try {
    const { score, reasons } = JSON.parse(text) as { score?: unknown; reasons?: unknown };
    if (typeof score !== 'number' || !(score >= 0 && score <= 1)) return undefined;
    const words = Array.isArray(reasons) ? reasons : reasons === undefined ? [] : [reasons];
    return { score, reasons: words.map((one) => String(one).slice(0, 1_000)).slice(0, 20) };
  } catch {
    return undefined;
  }
}

export const JUDGE_PROMPT = `You are the judge of somebody else's work; change nothing. They were asked:

{title}

{text}

Their work is checked out here, on branch {branch}. Look at what it changes against the base (\`git diff BASE...HEAD\`), read the code around it, and run what you need. Is the task done, rightly and completely, without harm elsewhere?
End with one line of JSON and nothing after it: {"score": a number from 0 (useless) to 1 (nothing left to do), "reasons": ["what is wrong or missing, concretely"]}`;
