/** Notes between sessions: left in the transaction of what they tell of, heard once. It decides nothing. */
export {
  leaveNotes,
  type NewNote,
  type Note,
  NOTE_KINDS,
  passNotesOn,
  takeNotes,
} from './store.ts';
