/** Wikis that are git repositories. */
export { createWikiSource, pageUrl, WIKI } from './wiki.ts';
