/** What people said on changes and work items. It judges nothing of it. */
export {
  type CommentRow,
  type CommentService,
  createCommentService,
  keepComments,
} from './service.ts';
export { COMMENT, commentDrafts } from './pack-comments.ts';
export { Comment, type ToldComment } from './schema.ts';
export { buryComments, readComment } from './store.ts';
