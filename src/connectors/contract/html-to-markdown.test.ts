/**
 * Goal: any HTML becomes Markdown that says what a reader sees, in the time as much text takes.
 * Method: pages as people and machines write them; generated ones; texts made to be slow, bounded in size.
 */
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { htmlToMarkdown, webAddress } from './html-to-markdown.ts';

test.each([
  ['a<p>b<p>c', 'a\n\nb\n\nc'],
  ['<ul><li>a<ul><li>b</ul><li>c</ul>', '- a\n  - b\n- c'],
  ['<ol><li><p>a</p><p>b</p></li></ol>', '1. a\n   b'],
  ['<p>1 &lt; 2 &amp;&amp; &#x41;&#66;&nbsp;&unknown;</p>', '1 < 2 && AB &unknown;'],
  ['<pre><code class="language-ts">a  &lt;b>\n```\n</code></pre>', '````ts\na  <b>\n```\n````'],
  ['<h2>A <em>b</em></h2>text', '## A *b*\n\ntext'],
  ['<p># no heading</p>', String.raw`\# no heading`],
  ['<p>a<br>b<script>c</script><style>d</style><!-- e --></p>', 'a\nb'],
  ['<p hidden>a</p><p style="font-size:0">b</p><span aria-hidden="true">c</span>d', 'd'],
  ['<a href="data:text/html,x">a</a> <a href="//h.example/p">b</a>', 'a b'],
  [
    '<table><tr><td><table><tr><td>x</td></tr></table></td><td>y</td></tr></table>',
    '| \\| x \\| \\| --- \\| | y |\n| --- | --- |',
  ],
  ['<p>a < b <</p>', 'a < b <'],
])('%s', (html, markdown) => {
  expect(htmlToMarkdown(html)).toBe(markdown);
});

test('addresses are whole and of the web', () => {
  expect(webAddress('/a b', 'https://x.example/c')).toBe('https://x.example/a%20b');
  expect(webAddress('https://u:p@x.example/(a)')).toBe('https://x.example/%28a%29');
  for (const href of ['javascript:x', 'file:///etc', '#top', 'mailto:a@b', undefined])
    expect(webAddress(href)).toBeUndefined();
});

test('no text is too odd, and what is in scripts never shows', () => {
  const piece = fc.oneof(
    fc.constantFrom(
      '<p>',
      '</p>',
      '<ul><li>',
      '</table>',
      '<td>',
      '<a href="',
      '">',
      '<!--',
      '-->',
      '<![CDATA[',
      ']]>',
      '<script>HIDDEN</script>',
      '<pre>',
      '&#',
      '</',
    ),
    fc.string({ maxLength: 8 }).map((text) => text.replaceAll('<', '')),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const html = pieces
        .join('')
        .replaceAll('HIDDEN', '')
        .replaceAll('<script>', '<script>HIDDEN');
      const isOpenedInText = /<!--|CDATA|="|&#|<pre>|<\//.test(html);
      const text = htmlToMarkdown(html);

      expect(text.length).toBeLessThan(1_000_000);
      if (!isOpenedInText) expect(text).not.toContain('HIDDEN');
    }),
  );
});

test.each([
  ['open elements', '<div>'.repeat(100_000)],
  ['open lists', '<ul><li>'.repeat(60_000)],
  ['tags without an end', '<a '.repeat(100_000)],
  ['attributes', `<p ${'a="b" '.repeat(60_000)}>x`],
  ['nested tables', '<table><tr><td>'.repeat(20_000)],
  ['scripts without an end', '<script>'.repeat(60_000)],
  ['scripts', '<script></script>'.repeat(30_000)],
  ['comments without an end', '<!--'.repeat(100_000)],
  ['entities', '&amp'.repeat(100_000)],
])('%s do not make it slow', (_what, html) => {
  expect(htmlToMarkdown(html).length).toBeLessThan(1_000_000);
});
