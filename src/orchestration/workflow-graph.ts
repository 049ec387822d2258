/** A workflow as data: what a file comes to, what a run is started with, what its hash covers. */
import type { JsonObject } from '#kernel';

type Scalar = string | number | boolean;

/**
 * By needed step (or `input`), then by key of its output: the value, or one of the values, that lets
 * the step run. A text such as `> 400` or `<= 3` compares with a number.
 */
export type StepCondition = Record<string, Record<string, Scalar | Scalar[]>>;

/** How long failed attempts wait: `backoffMs * factor ^ (attempt - 1)`, at most `longestMs`. */
export interface BackoffTerms {
  factor: number;
  longestMs: number;
  /** Which part of the pause is drawn at random: 0 none, 1 all. */
  jitter: number;
}

/** Steps with one key share its places and its rate, whichever run and workflow they belong to. */
export interface StepLimit {
  /** `{repository}` and `{run}` are filled in when the run starts. */
  key: string;
  /** Steps inside at once; null is no limit. A step is inside until it has ended, waits included. */
  places: number | null;
  /** Steps admitted within the window; null is no limit. */
  rate: { count: number; windowMs: number } | null;
}

export interface UndoTerms {
  kind: string;
  with: JsonObject;
}

/** Steps that grow when their turn comes, and end when what they grew has ended. */
export type Control =
  | {
      type: 'repeat';
      /** The loop ends when this holds of the outputs of its last turn. */
      until: StepCondition;
      max: number;
      onExhausted: 'fail' | 'continue';
      body: GraphStep[];
    }
  | {
      type: 'for-each';
      /** A literal list, or a key of the input or of the output of a needed step. */
      over: { items: (Scalar | JsonObject)[] } | { from: string; key: string };
      max: number;
      /** How many of them are at work at once; null is all. */
      atOnce: number | null;
      body: GraphStep[];
    }
  | {
      type: 'workflow';
      name: string;
      /** Undefined until it is linked; a run starts only with linked ones. */
      body: GraphStep[] | undefined;
    };

export interface GraphStep {
  name: string;
  kind: string;
  needs: string[];
  with: JsonObject;
  /** Which template line or rule put it here. */
  origin: string;
  maxAttempts: number;
  backoffMs: number;
  timeoutMs: number | null;
  /** Outputs of needed steps (or `input`, of the run) that must match, else the step is skipped. */
  when?: StepCondition | undefined;
  backoff?: BackoffTerms | undefined;
  limit?: StepLimit | undefined;
  /** What is done about it when its run ends badly after it has begun. */
  undo?: UndoTerms | undefined;
  /** A failure for good ends the step, and the run goes on. */
  onFailure?: 'continue' | undefined;
  control?: Control | undefined;
}

export interface WorkflowGraph {
  name: string;
  source: string;
  steps: GraphStep[];
  /** The run fails when it has not ended by then. */
  timeoutMs?: number | undefined;
}

export const CONTROL_KINDS = ['repeat', 'for-each', 'workflow'] as const;
export type ControlKind = (typeof CONTROL_KINDS)[number];
