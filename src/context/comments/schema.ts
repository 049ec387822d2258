/** A comment as its page shows it. */
import { z } from 'zod';

export const Comment = z.object({
  /** Id within its system. */
  id: z.string(),
  system: z.string(),
  /** The account's name there; null where it is gone. */
  author: z.string().nullable(),
  /** The person here whose account it is. */
  person: z.object({ id: z.string(), name: z.string() }).nullable(),
  /** As it was written, without secrets and invisible characters: somebody else's words. */
  text: z.string(),
  url: z.string().nullable(),
  /** Of a comment on code. */
  path: z.string().nullable(),
  line: z.int().nullable(),
  writtenAt: z.date(),
  isEdited: z.boolean(),
});
export type Comment = z.infer<typeof Comment>;

/** What a system says of a comment, whichever way it came. */
export interface ToldComment {
  /** `comment/12`. */
  object: string;
  /** Key of the work item, or `owner/name#12`. */
  subject: string;
  isChange: boolean;
  repository: string | undefined;
  author: { login?: string | undefined; email?: string | undefined; name?: string | undefined };
  text: string;
  url?: string | undefined;
  path?: string | undefined;
  line?: number | undefined;
  writtenAt: Date;
  saidAt: Date;
  isDeleted: boolean;
}
