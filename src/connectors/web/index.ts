/** Plain web pages from a list of what may be read. */
export { createWebSource, readPlace, WEB } from './web.ts';
